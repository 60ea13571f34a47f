// The pixel as a script: answers to `window.hgTracking` and `window.hg`, also for the calls made before it came.

import { hg, options } from "#given";
import { calls } from "./tracker.js";

// A page that carries the script twice is counted once.
if (!hg.isHere_) {
  const waiting = hg.splice(0);
  // The same object as before: a page may have kept it.
  window.hg = window.hgTracking = Object.assign(hg, calls);
  if (options.site) hg.initialize(options.site);
  waiting.map(hg.push);
}
