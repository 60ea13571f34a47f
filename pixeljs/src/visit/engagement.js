// How long somebody was with the page, and how far down they came.

import { hg } from "#hg";

// Who gave no sign of life for so long is not there any more; reading a screenful takes less.
const IDLE_MS = 60_000;

/** @type {boolean | undefined} */
let isActive;
let last = 0;
let engaged = 0;
/** The lowest line seen, in pixels from the top. */
let bottom = 0;
let reported = 0;

/** @param {boolean} isLeft */
export const tick = (isLeft) => {
  const now = performance.now() | 0;
  if (isActive) engaged += Math.min(now - last, IDLE_MS);
  last = now;
  isActive = !isLeft && document.hasFocus();
  bottom = Math.max(bottom, scrollY + innerHeight);
};

/** What is new since the last report; nothing when nothing is. @param {any} isLast Whether another page follows. */
export const report = (isLast) => {
  const scroll = Math.min(100, Math.round((bottom * 100) / document.documentElement.scrollHeight));
  // Between the events with which a page goes, a moment passes that is no engagement.
  if (engaged > 9 || scroll > reported) hg.trackEvent("engagement", { engaged, scroll });
  reported = scroll;
  engaged = 0;
  if (isLast) bottom = reported = 0;
};
