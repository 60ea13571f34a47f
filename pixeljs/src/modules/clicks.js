// Clicks: what was clicked, and where links lead. A click is never delayed.

import { hg } from "#hg";

const FILE = /\.(pdf|zip|gz|exe|dmg|csv|docx?|xlsx?|pptx?|mp[34])$/i;
/** What somebody wrote, or what the site wants to keep to itself. */
const PRIVATE = "[data-hg-mask],[contenteditable],input,textarea,select";

/** @param {Element | null} element */
const textOf = (element) =>
  element && !element.closest(PRIVATE) && !element.querySelector(PRIVATE)
    ? /** @type {string} */ (element.textContent).trim().slice(0, 200)
    : undefined;

hg.on_("click auxclick copy beforeprint", (/** @type {any} */ { type, target, button }) => {
    if (type === "beforeprint") hg.trackEvent("print");
    else if (type === "copy") hg.trackEvent("copy", { length: `${getSelection()}`.length });
    // The secondary button opens a menu.
    else if (target.closest && button < 2) {
      const control = target.closest("button,[type=submit],[role=button]");
      const link = target.closest("a[href]");
      const { id } = target.closest("[id]") || {};
      const leaf = target.firstElementChild ? null : target;
      hg.trackEvent("click", { element: target.tagName, text: textOf(control || link || leaf), id });
      if (control) hg.trackEvent("button_click", { buttonText: textOf(control), buttonId: control.id });
      if (link && link.host) {
        const [, extension] = FILE.exec(link.pathname) || [];
        if (extension || link.download) hg.trackEvent("file_download", { url: link.href, extension });
        else if (link.host !== location.host) hg.trackEvent("outbound_link", { linkText: textOf(link), linkUrl: link.href });
      }
    }
  });
