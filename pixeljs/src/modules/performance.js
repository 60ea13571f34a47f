// How fast the page was: navigation timing and Core Web Vitals, once per load, when the page is first hidden or closed.
//
// LCP, INP and CLS as https://web.dev/articles/lcp, /inp and /cls define them.

import { hg } from "#hg";

/** The longest event of each interaction. @type {Record<string, number>} */
const interactions = {};
// Of a page that was not seen while it loaded, the times say nothing.
let page = !document.hidden && hg.url_;
/** @type {any} */
let lcp;
let cls = 0;
let session = 0;
let first = 0;
let last = 0;

const observer = new PerformanceObserver((list) =>
  list.getEntries().map((/** @type {any} */ { startTime, size, value, hadRecentInput, interactionId, duration }) => {
    if (size) lcp = startTime;
    if (interactionId) interactions[interactionId] = Math.max(interactions[interactionId] || 0, duration);
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
  }),
);
["largest-contentful-paint", "layout-shift", "event"].map((type) =>
  observer.observe(/** @type {any} */ ({ type, buffered: true, durationThreshold: 40 })),
);

hg.leaving_.push((/** @type {boolean} */ isNew) => {
  if (isNew || !page) return;
  const [load = {}] = /** @type {any[]} */ (performance.getEntriesByType("navigation"));
  const [paint = {}] = /** @type {any[]} */ (performance.getEntriesByName("first-contentful-paint"));
  /** @type {Record<string, number>} */
  const times = {
    totalTime: load.loadEventEnd,
    ttfb: load.responseStart,
    domInteractive: load.domInteractive,
    fcp: paint.startTime,
    lcp,
  };
  // What was made ahead began when somebody wanted to see it. What the browser does not know is no number, and goes as `null`.
  for (const key in times) times[key] = Math.max(0, Math.round(times[key] - (load.activationStart || 0)));
  // One in fifty interactions may be slower.
  const durations = Object.values(interactions).sort((a, b) => b - a);
  hg.trackEvent("performance_metrics", { ...times, cls, inp: durations[(durations.length / 50) | 0] }).url = page;
  page = "";
});
