// The first page view, counted when the page is seen: one made ahead, or opened in the background, is seen later or never.

import { hg, options } from "#platform";
import { flush, track } from "./batch.js";

export const here = () => {
  const { origin, pathname, search, hash } = location;
  // The server cuts fragments off, so a route that stands in one is moved into the path.
  return origin + (pathname + (options.hash ? hash : "")).replace(/\/?#\/?/, "/") + search;
};

/** @param {string} referrer */
export const view = (referrer) => {
  hg.referrer_ = referrer;
  hg.url_ = here();
  track("pageview");
};

/** Until the module `visit` takes over. */
export const look = () => {
  if (hg.send_) return;
  if (document.hidden) flush();
  else if (!hg.url_) view(document.referrer);
};
