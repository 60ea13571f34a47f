// Clicks: what was clicked, and where links lead. A click is never delayed.

import { track } from "#core";
import { on } from "#visit";

const FILE = /\.(pdf|zip|gz|exe|dmg|csv|docx?|xlsx?|pptx?|mp[34])$/i;
/** What somebody wrote, or what the site wants to keep to itself. */
const PRIVATE = "[data-hg-mask],[contenteditable],input,textarea,select";

export const clicks = () => {
  on("click auxclick", ({ target, button }) => {
    // The secondary button opens a menu.
    if (!target.closest || button > 1) return;
    const control = target.closest("[type=submit],button,[role=button]");
    const link = target.closest("a[href]");
    const { id } = target.closest("[id]") || {};
    // Of whole regions it would be too much.
    const named = control || link || (!target.firstElementChild && target);
    const text =
      named && !named.closest(PRIVATE) && !named.querySelector(PRIVATE) ? named.textContent.trim().slice(0, 200) : undefined;
    track("click", { text, element: target.tagName, id });
    if (control) track("button_click", { buttonText: text, buttonId: control.id });
    if (link) {
      const [, extension] = link.pathname.split(FILE);
      if (extension || link.download) track("file_download", { extension, url: link.href });
      else if (link.host && link.host !== location.host) track("outbound_link", { linkText: text, linkUrl: link.href });
    }
  });
  on("copy", () => track("copy"));
  on("beforeprint", () => track("print"));
};
