// The calls that a site makes, and what the modules share.

import { hg, load, options } from "#platform";
import { body, flush, post, track } from "./batch.js";
import { newId } from "./id.js";
import { here, look, view } from "./page.js";

let starts = 0;

const start = () => {
  if (starts++) return;
  addEventListener("visibilitychange", look);
  look();
  load(options.modules === "all" ? "all" : "visit");
};

export const calls = {
  /**
   * Starts counting for a site. A second call changes the options and counts nothing again.
   * @param {string} site The site's key.
   * @param {import("./options.js").Options} [given]
   */
  initialize(site, given) {
    flush();
    Object.assign(options, given, { site });
    // Where storage or cookies are blocked, the mere mention of them throws.
    try {
      if (localStorage.hgpixel_ignore === "true") return;
      // Who the visitor is has to be known before the first view is counted, or they are two.
      if (options.identity || document.cookie.match("_hgpixel_u")) return load("consent", start);
    } catch {}
    start();
  },

  trackEvent: track,

  /** @param {boolean} isGiven */
  consent(isGiven) {
    flush();
    hg.isGiven_ = isGiven;
    load("consent");
  },

  /** @param {string} colour */
  setFavouriteColour(colour) {
    track("favourite_colour", { colour, source: "chosen" });
  },

  options_: options,
  load_: load,
  post_: post,
  body_: body,
  id_: newId,
  flush_: flush,
  here_: here,
  view_: view,
  early_: [],
};
