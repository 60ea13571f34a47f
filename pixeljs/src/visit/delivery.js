// Brings batches to the server: at once while it takes them, later when it does not, with the same ids.

import { body, options, post } from "#core";
import { KEY, waiting } from "./queue.js";

/** @typedef {import("../batch.js").Batch} Batch */

// Characters of JSON, each at most three bytes: 15 kB. Counting bytes takes longer. With no event below 77, a batch has at most 100.
const BATCH_MAX = 5_000;
const QUEUE_MAX = 200_000;
const QUEUE_EVENTS_MAX = 100;
// Characters. Browsers let go no more than 64 kB.
const EVENT_MAX = 21_000;
const WAIT_MS_MIN = 1_000;
// With its jitter, up to five minutes.
const WAIT_MS_MAX = 150_000;
const RETRY_AFTER_S_MAX = 3_600;
const EXPIRES_MS = 7 * 24 * 3_600_000;

/** How many events were given up, and why. It goes along with the next batch. @type {Record<string, number>} */
let lost = {};
let wait = WAIT_MS_MIN;
/** Whether the server failed, and what waits is to go first. */
let isHeld = false;
/** @type {any} */
let timer;

/** @param {any} batch @param {string} why */
const giveUp = ({ events, lost: counts = {} }, why) => {
  counts[why] = (counts[why] || 0) + events.length;
  for (why in counts) lost[why] = (lost[why] || 0) + counts[why];
};

/** Halves a batch that is too large, until it fits or is a single event. @param {Batch} batch @param {boolean} [isClosing] */
export const deliver = (batch, isClosing) => {
  const { events } = batch;
  const length = body(batch).length;
  if (events[1] && length > BATCH_MAX) {
    deliver({ ...batch, events: events.splice(0, events.length / 2) }, isClosing);
    deliver(batch, isClosing);
  } else if (length > EVENT_MAX) giveUp(batch, "refused");
  else {
    batch.lost = lost;
    lost = {};
    (isHeld ? keep : isClosing ? leaveBehind : follow)(batch);
  }
};

/** @param {Batch} batch @param {Promise<any>} [answering] */
export const follow = async (batch, answering) => {
  if (await fails(batch, answering)) keep(batch);
};

/** The browser sends it when the page is gone; it takes 64 kB at a time. @param {Batch} batch */
export const leaveBehind = (batch) => {
  try {
    navigator.sendBeacon(/** @type {string} */ (options.endpoint), body(batch)) || keep(batch);
  } catch {
    keep(batch);
  }
};

/** Makes room by giving up the oldest. @param {Batch} batch */
const keep = (batch) => {
  // Each event has a time. Data may have that key too: then the limit is a little lower.
  for (
    let batches = waiting(batch);
    JSON.stringify(batches).length > QUEUE_MAX || JSON.stringify(batches).split('"time":')[QUEUE_EVENTS_MAX + 1];
    batches = waiting(batches[0], true)
  )
    giveUp(batches[0], "overflow");
};

/** Whether it has to be tried again. @param {Batch} batch @param {Promise<any>} [answering] */
const fails = async (batch, answering = post(batch)) => {
  const { ok, headers, status } = await answering;
  if (ok) wait = WAIT_MS_MIN;
  else if (/^4(?!08|29)/.test(status)) giveUp(batch, "refused");
  else {
    // A date is no number.
    wait = Math.max(wait, Math.min(headers && headers.get("Retry-After"), RETRY_AFTER_S_MAX) * 1_000 || 0);
    timer = timer || setTimeout(tryAgain, wait * (1 + Math.random()));
    wait = Math.min(wait * 2, WAIT_MS_MAX);
    return (isHeld = true);
  }
};

/** One tab at a time, where the browser can tell. */
export const tryAgain = async () => {
  timer = clearTimeout(timer);
  try {
    await navigator.locks.request(KEY, sendWaiting);
  } catch {
    sendWaiting();
  }
};

const sendWaiting = async () => {
  // What the tab before has taken out may be gone here only some milliseconds after it has let go. (A promise would be longer.)
  await /** @type {any} */ ({ then: (/** @type {any} */ done) => setTimeout(done, 99) });
  for (let [batch] = waiting(); batch; [batch] = waiting(batch, true))
    if (batch.events[0].time < Date.now() - EXPIRES_MS ? giveUp(batch, "expired") : await fails(batch)) return;
  isHeld = false;
};
