// Elements, made without markup: what was tracked is hostile text, and only ever becomes a text node.

type Child = Node | string | undefined | false;
type Attributes = Record<string, string | number | boolean | undefined>;

/** `h("a", { href, "aria-current": true }, "Home")`; an attribute that is undefined or false is left out. */
export function h<Name extends keyof HTMLElementTagNameMap>(name: Name, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

export function svg(name: string, attributes: Attributes = {}, ...children: Node[]): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(key, String(value));
  }
  element.append(...children);
  return element;
}

/** The element that a page of ours must have. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as T;
}

/** A link that opens elsewhere; undefined where the address is none that a browser can go to without harm. */
export function outside(address: string, ...children: Child[]): HTMLElement | undefined {
  if (!/^https?:\/\//i.test(address)) return undefined;
  return h("a", { href: address, rel: "noopener noreferrer", target: "_blank" }, ...children);
}

/** A dialog of the browser's own kind: it holds the focus, and gives it back. Removed when it closes. */
export function openDialog(title: string, ...content: Child[]): HTMLDialogElement {
  const close = h("button", { type: "button", class: "button" }, "Close");
  const heading = h("h2", { id: "dialog-heading" }, title);
  const dialog = h("dialog", { "aria-labelledby": "dialog-heading" }, h("div", { class: "dialog-head" }, heading, close), ...content);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Whether a click is one to follow here, and not meant for a new tab or window. */
export function isPlain(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}
