// Which colour somebody likes: the one that the system is set to, the one most clicked, the one chosen.

import { hg } from "#hg";

const canvas = document.createElement("canvas");
const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
/** @type {Record<string, number>} */
const clicks = {};
/** @type {any} */
let most;
/** @type {any} */
let sent;

/** As #rrggbb; what is translucent, or no colour, is written otherwise. @param {string} colour */
const hex = (colour) => {
  context.fillStyle = "#0001";
  context.fillStyle = colour;
  return /#/.test(`${context.fillStyle}`) && context.fillStyle;
};
/** @param {any} colour @param {string} source */
const report = (colour, source) => colour && hg.trackEvent("favourite_colour", { colour, source });

// A canvas does not know the system's colours; a style does, where the browser tells them.
canvas.style.color = "AccentColor";
document.head.append(canvas);
if (canvas.style.color) report(hex(getComputedStyle(canvas).color), "system");
canvas.remove();

hg.on_("click change", (/** @type {any} */ { target, type }) =>
  type > "cl"
    // Looking up a style takes time, which is not the click's.
    ? setTimeout(() => {
        let colour;
        for (let element = target; element && !colour; element = element.parentElement)
          colour = hex(getComputedStyle(element).backgroundColor);
        if (!colour) return;
        clicks[/** @type {string} */ (colour)] = -~clicks[/** @type {string} */ (colour)];
        if (!(clicks[/** @type {string} */ (colour)] <= clicks[most])) most = colour;
      })
    : target.matches("[data-hg-favourite-colour]") && report(hex(target.value), "chosen"),
);

hg.leaving_.push(() => {
  if (most !== sent) report((sent = most), "clicked");
});
