// The calls that a site makes.

import { hg, options } from "#given";
import { begin, consent } from "#shape";
import { flush, track } from "./batch.js";
import { favour } from "./favourite.js";

let starts = 0;

export const calls = {
  isHere_: 1,

  /**
   * Starts counting for a site. A second call changes the options and counts nothing again.
   * @param {string} site The site's key.
   * @param {import("./options.js").Options} [given]
   */
  initialize(site, given) {
    flush();
    Object.assign(options, given, { site, device_: 0 });
    starts++ || begin();
  },

  trackEvent: track,

  /** @param {any[]} item An event and when it was, or the name of a call and its arguments in an array. */
  push([name, data, time]) {
    if (data && data.map) hg[name](...data);
    else track(name, data, time);
  },

  consent,

  setFavouriteColour: favour,
};
