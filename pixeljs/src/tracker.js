// The calls that a site makes.

import { hg, options } from "#given";
import { begin, consent, identify } from "#shape";
import { flush, track } from "./batch.js";
import { favour } from "./favourite.js";

let starts = 0;

const start = () => starts++ || begin();

export const calls = {
  isHere_: 1,

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
      if (localStorage.hgpixel_ignore == "true" || identify(start)) return;
    } catch {}
    start();
  },

  trackEvent: track,

  /** @param {any[]} item An event and when it was, or the name of a call and its arguments in an array. */
  push([name, data, time]) {
    if (data && data.map) hg[name](...data);
    else track(name, data, time);
  },

  consent,

  /** @param {string} colour */
  setFavouriteColour(colour) {
    favour(colour, "chosen");
  },
};
