// The pixel as a script: answers to `window.hgTracking` and `window.hg`, also for the calls made before it came.

import { hg, options } from "#platform";
import { track } from "./batch.js";
import { calls } from "./tracker.js";

// A page that carries the script twice is counted once.
if (!hg.post_) {
  /** @param {any[]} item An event and when it was, or the name of a call and its arguments in an array. */
  const push = ([name, data, time]) => (data && data.map ? hg[name](...data) : track(name, data, time));
  const waiting = hg.splice(0);
  // The same object as before: a page may have kept it.
  window.hg = window.hgTracking = Object.assign(hg, calls, { push });
  if (options.site) hg.initialize(options.site);
  waiting.map(push);
}
