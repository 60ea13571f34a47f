// The pixel as a package: `import { init, track } from "hgpixel"`.

import { hg } from "#given";
import { calls } from "./tracker.js";

Object.assign(hg, calls);

/**
 * Starts counting for a site. A second call changes the options and counts nothing again.
 * @param {string} site
 * @param {import("./options.js").Options} options
 */
export const init = (site, options) => {
  // A script knows where it came from; a package does not.
  if (!options || !options.endpoint) throw new TypeError("hgpixel: init needs the endpoint, such as https://stats.example.com/track");
  calls.initialize(site, options);
};

/**
 * @param {string} type
 * @param {object} [data]
 */
export const track = (type, data) => {
  calls.trackEvent(type, data);
};

export const { consent, setFavouriteColour } = calls;
