// Shared links: made, shown once, listed, revoked. Only for those who may edit the site.
import { answered } from "./api";
import type { Context } from "./context";
import { h, openDialog } from "./dom";

interface Link {
  id: number;
  name: string;
  created_ms: number;
}

export function openSharing(context: Context): void {
  const path = `/sites/${encodeURIComponent(context.site)}/links`;
  const list = h("ul", { class: "links" });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const made = h("div", { class: "made", hidden: true });
  const name = h("input", { class: "field", required: true, maxlength: 200, autocomplete: "off", placeholder: "For the board" });
  const form = h("form", { class: "dialog-form", method: "dialog" }, h("label", {}, "Who is it for?", name), h("button", { class: "button primary" }, "Make a link"));

  const attempt = async (action: () => Promise<void>) => {
    problem.hidden = true;
    try {
      await action();
    } catch (error) {
      problem.hidden = false;
      problem.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  const refresh = () =>
    attempt(async () => {
      const links = await answered<Link[]>(path);
      list.replaceChildren(...links.map(lineOf));
    });
  const lineOf = (link: Link) => {
    const revoke = h("button", { type: "button", class: "button small", "aria-label": `Revoke the link ${link.name}` }, "Revoke");
    revoke.addEventListener("click", () =>
      attempt(async () => {
        await answered(`${path}/${link.id}`, { method: "DELETE" });
        await refresh();
      }),
    );
    const since = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" }).format(link.created_ms);
    return h("li", {}, h("span", {}, link.name), h("span", { class: "soft" }, `since ${since}`), revoke);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void attempt(async () => {
      const { url } = await answered<{ url: string }>(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name: name.value }),
      });
      made.hidden = false;
      made.replaceChildren(...shownOnce(url));
      form.reset();
      await refresh();
    });
  });

  openDialog(
    "Share this dashboard",
    h("p", { class: "dialog-text soft" }, "Whoever has a link sees the figures of this site, can change nothing, and sees no single events or visits. A link works until it is revoked."),
    form,
    h("div", { class: "dialog-text" }, problem, made),
    list,
  );
  void refresh();
}

function shownOnce(url: string): Node[] {
  const field = h("input", { class: "field", readonly: true, value: url, "aria-label": "The link" });
  field.addEventListener("focus", () => field.select());
  const copy = h("button", { type: "button", class: "button" }, "Copy");
  copy.hidden = !navigator.clipboard;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(url);
    copy.textContent = "Copied";
  });
  return [h("p", { role: "status" }, "Here it is. It is shown this once."), h("div", { class: "made-link" }, field, copy)];
}
