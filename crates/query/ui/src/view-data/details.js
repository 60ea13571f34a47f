// Everything about one event, in a dialog: every value as text, links only to web pages.

import { INSTANT, exactly, fullText, kindOf, localTime } from "./columns.js";
import { element } from "./element.js";

const isWebPage = (value) => {
  try {
    return ["http:", "https:"].includes(new URL(value).protocol);
  } catch {
    return false;
  }
};

const linkTo = (href) => element("a", { href, rel: "noopener noreferrer", target: "_blank", className: "aside", textContent: "open ↗" });

/** Times and the event's own id choose one event, which is here already. */
const isFilter = (name, text) => kindOf(name) !== undefined && kindOf(name) !== INSTANT && name !== "eventId" && text.length <= 2000;

export const showDetails = (table, address) => {
  const dialog = document.getElementById("details");
  const list = dialog.querySelector("dl");
  const heading = dialog.querySelector("h2");

  const only = (name, text) =>
    element("a", { href: address.with((query) => query.set(...exactly(name, text))), className: "aside", textContent: "show only these" });

  const but = (name, text) =>
    element("a", { href: address.with((query) => query.append(`${name}[!=]`, text)), className: "aside", textContent: "hide these" });

  const entry = (name, value) => {
    const isObject = value !== null && typeof value === "object";
    const text = fullText(value);
    const whole = isObject ? JSON.stringify(value, null, 2) : text;
    const shown = kindOf(name) === INSTANT ? `${text} (${localTime(text)} here)` : whole;
    const cell = element("dd", {}, element("span", { className: "value", textContent: shown }));
    if ((name === "url" || name === "referrer") && isWebPage(text)) cell.append(linkTo(text));
    // An object's text may be written otherwise than it was sent.
    if (!isObject && isFilter(name, text)) cell.append(only(name, text), but(name, text));
    return [element("dt", { textContent: name }), cell];
  };

  const open = (row) => {
    const event = row && table.row(row).data();
    if (!event) return;
    heading.textContent = event.eventType;
    const told = Object.entries(event).filter(([, value]) => !["", "{}"].includes(fullText(value)));
    list.replaceChildren(...told.flatMap(([name, value]) => entry(name, value)));
    dialog.showModal();
    dialog.scrollTop = 0;
  };

  const body = table.table().body();
  body.addEventListener("click", ({ target }) => {
    const isSelecting = !getSelection()?.isCollapsed;
    if (!isSelecting) open(target.closest("tr"));
  });
  body.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    open(event.target.closest("tr"));
  });
  dialog.addEventListener("click", ({ target }) => {
    // A click on the dialog itself, and not on what is in it, is one on its backdrop.
    if (target === dialog || target.closest("[data-close]")) dialog.close();
  });
};
