// Which colour somebody likes: the one that the system is set to, the one most clicked, the one chosen.

import { favour } from "../favourite.js";
import { leaving, on } from "#visit";

/** @type {Record<string, number>} */
const clicked = {};
/** @type {any} */
let most;
/** @type {any} */
let sent;

/** A computed colour as #rrggbb; nothing of what is translucent. @param {string} colour */
const hex = (colour) =>
  /^rgb\(/.test(colour) && "#" + /** @type {any} */ (colour.match(/\d+/g)).map((/** @type {string} */ part) => (256 + +part).toString(16).slice(1)).join("");

export const colour = () => {
  const probe = document.createElement("i");
  // A style resolves the system's colours, where the browser tells them.
  probe.style.color = "AccentColor";
  document.head.append(probe);
  if (probe.style.color) favour(hex(getComputedStyle(probe).color), "system");
  probe.remove();

  on("change", ({ target }) => target.matches("[data-hg-favourite-colour]") && favour(target.value));
  on("click", ({ target }) =>
    // Looking up a style takes time, which is not the click's.
    setTimeout(() => {
      let colour;
      for (; target && !colour; target = target.parentElement) colour = hex(getComputedStyle(target).backgroundColor);
      if (!colour) return;
      if (!((clicked[colour] = -~clicked[colour]) <= clicked[most])) most = colour;
    }),
  );
  leaving.push(() => {
    if (most !== sent) favour((sent = most), "clicked");
  });
};
