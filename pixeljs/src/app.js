// The pixel: reads its script tag, answers to `window.hgTracking` (and `window.hg`), and counts page views and outbound links.
//
// Sets no cookie and keeps nothing on the device.

import { sender } from "./sender.js";
import { watchLinks } from "./links.js";
import { watchPages } from "./pages.js";

const script = document.currentScript;
const before = window.hgTracking || [];

// A page that carries the script twice is counted once.
if (!before.initialize) {
  const { track, flush, configure } = sender();
  const endpoint = new URL("../track", script ? script.src : location).href;
  let isStarted;

  /**
   * Starts counting for a site. A second call changes the options and counts nothing again.
   * @param {string} site The site's key.
   * @param {{endpoint?: string, userId?: string, sessionId?: string}} [options]
   */
  const initialize = (site, options) => {
    configure({ endpoint, ...options, site });
    if (isStarted) return;
    isStarted = true;
    watchPages(track, flush);
    watchLinks(track);
    // What the page pushed while the script was on its way comes after its page view.
    before.forEach(push);
  };

  /** @param {[string, object?]} event */
  const push = (event) => track(...event);

  window.hg = window.hgTracking = { initialize, trackEvent: track, push };

  const site = script && script.dataset.site;
  if (site) initialize(site);
}
