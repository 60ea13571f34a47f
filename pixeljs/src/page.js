// Which page somebody sees, and that they see it.

import { hg, options } from "#given";
import { track } from "./batch.js";

export const here = () => {
  const { origin, pathname, search, hash } = location;
  // The server cuts fragments off, so a route that stands in one is moved into the path.
  return origin + (options.hash ? pathname + hash : pathname).replace(/\/?#\/?/, "/") + search;
};

/** While a page changes its own address, the browser's referrer stays that of the first view. */
export const view = () => {
  hg.referrer_ = hg.url_ || document.referrer;
  hg.url_ = here();
  track("pageview");
};
