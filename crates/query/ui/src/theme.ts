// Dark or light: as the system says, or as the reader chose in this browser. It runs before the page is painted, so that nothing
// flashes, and is the only thing that waits for nothing.

type Theme = "system" | "light" | "dark";

const KEY = "hgpixel_theme";
const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const NAMES: Record<Theme, string> = { system: "as the system says", light: "light", dark: "dark" };

function chosen(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    // A browser that keeps nothing follows the system.
    return "system";
  }
}

function keep(theme: Theme): void {
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // The choice then lasts as long as the page.
  }
}

function apply(theme: Theme): void {
  const dark = document.querySelector<HTMLLinkElement>("link[data-dark]");
  if (dark) dark.media = { system: "(prefers-color-scheme: dark)", light: "not all", dark: "all" }[theme];
  document.documentElement.dataset["theme"] = theme;
}

function offer(): void {
  const button = document.querySelector<HTMLButtonElement>("#theme");
  if (!button) return;
  const name = () => {
    const theme = document.documentElement.dataset["theme"] as Theme;
    button.setAttribute("aria-label", `Colours: ${NAMES[theme]}. Switch to ${NAMES[NEXT[theme]]}`);
    button.title = `Colours: ${NAMES[theme]}`;
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = NEXT[document.documentElement.dataset["theme"] as Theme];
    keep(next);
    apply(next);
    name();
  });
  name();
}

apply(chosen());
document.addEventListener("DOMContentLoaded", offer);
