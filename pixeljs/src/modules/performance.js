// How fast the page was: navigation timing and Core Web Vitals, once per load, when the page is first hidden or closed.
//
// LCP, INP and CLS as https://web.dev/articles/lcp, /inp and /cls define them.

import { here, track } from "#core";
import { leaving } from "#visit";

/** The longest event of each interaction. @type {Record<string, number>} */
const interactions = {};
/** @type {any} */
let page;
/** @type {any} */
let fcp;
/** @type {any} */
let lcp;
let cls = 0;
let session = 0;
let first = 0;
let last = 0;

/** @param {any} entry */
const see = ({ entryType, value, size, hadRecentInput, duration, startTime, interactionId }) => {
  // The first paint comes before the first one with contents.
  if (entryType === "paint") fcp = startTime;
  if (size) lcp = startTime;
  if (interactionId) interactions[interactionId] = Math.max(duration, interactions[interactionId] || 0);
  if (value && !hadRecentInput) {
    // Sessions are at most 5 s long, with gaps below 1 s; the worst one counts.
    if (startTime - last >= 1_000 || startTime - first >= 5_000) {
      session = 0;
      first = startTime;
    }
    last = startTime;
    session += value;
    cls = Math.max(cls, session);
  }
};

/** @param {any} isNew */
const report = (isNew) => {
  if (isNew || !page) return;
  const [load = {}] = /** @type {any[]} */ (performance.getEntriesByType("navigation"));
  /** @type {Record<string, number>} */
  const times = {
    ttfb: load.responseStart,
    lcp,
    fcp,
    totalTime: load.loadEventEnd,
    domInteractive: load.domInteractive,
  };
  // What was made ahead began when somebody wanted to see it. What the browser does not know is no number, and goes as `null`.
  for (const key in times) times[key] = Math.max(0, Math.round(times[key] - (load.activationStart || 0)));
  // One in fifty interactions may be slower.
  const durations = Object.values(interactions).sort((a, b) => b - a);
  track("performance_metrics", { ...times, cls, inp: durations[(durations.length / 50) | 0] }, undefined, page);
  page = "";
};

export const vitals = () => {
  // Of a page that was not seen while it loaded, the times say nothing, but where it was made ahead.
  page = (/** @type {any} */ (document).prerendering || !document.hidden) && here();
  leaving.push(report);
  "paint largest-contentful-paint layout-shift event".split(" ").map((type) =>
    new PerformanceObserver((list) => list.getEntries().map(see)).observe(/** @type {any} */ ({ type, durationThreshold: 40, buffered: true })),
  );
};
