// Everything about one event, in a dialog: every value as text, links only to web pages.

import { fullText, localTime } from "./columns.js";
import { addressWith } from "./filters.js";

const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

const isWebPage = (value) => {
  try {
    return ["http:", "https:"].includes(new URL(value).protocol);
  } catch {
    return false;
  }
};

const linkTo = (href) => element("a", { href, rel: "noopener noreferrer", target: "_blank", className: "aside", textContent: "open ↗" });

const filterBy = (name, value) =>
  element("a", { href: addressWith(name, value), className: "aside", textContent: "show only these" });

const FILTERS = ["clientID", "url", "userId"];

const entry = (name, value) => {
  const text = value !== null && typeof value === "object" ? JSON.stringify(value, null, 2) : fullText(value);
  const shown = name === "timestamp" || name === "receivedAt" ? `${text} (${localTime(text)} here)` : text;
  const cell = element("dd", {}, element("span", { className: "value", textContent: shown }));
  if ((name === "url" || name === "referrer") && isWebPage(text)) cell.append(linkTo(text));
  if (FILTERS.includes(name)) cell.append(filterBy(name, text));
  return [element("dt", { textContent: name }), cell];
};

export const showDetails = (table) => {
  const dialog = document.getElementById("details");
  const list = dialog.querySelector("dl");
  const heading = dialog.querySelector("h2");

  const open = (row) => {
    const event = table.row(row).data();
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
