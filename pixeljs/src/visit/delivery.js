// Brings batches to the server: at once while it takes them, later when it does not, with the same ids.

import { hg } from "#hg";
import { KEY, openQueue, setWaiting, waiting } from "./queue.js";

/** @typedef {import("../batch.js").Batch} Batch */

// Characters of JSON. With no event below 80, a batch has at most 100; with none above three bytes, it is far below 64 kB.
const BATCH_MAX = 8_000;
const QUEUE_MAX = 200_000;
const QUEUE_EVENTS_MAX = 100;
// Bytes.
const EVENT_MAX = 60_000;
const WAIT_MS_MIN = 1_000;
// With its jitter, up to five minutes.
const WAIT_MS_MAX = 150_000;
const RETRY_AFTER_S_MAX = 3_600;
const EXPIRES_MS = 7 * 24 * 3_600_000;

/** Batches whose answer is awaited. @type {Set<Batch>} */
const flying = new Set();
/** How many events were given up, and why. It goes along with the next batch. @type {Record<string, number>} */
let lost = {};
let wait = WAIT_MS_MIN;
/** Whether the server failed, and what waits is to go first. */
let isHeld = false;
let isClosed = false;
/** @type {any} */
let timer;

/** @param {boolean} isClosing */
export const setClosed = (isClosing) => {
  isClosed = isClosing;
  if (isClosing) flying.forEach(leaveBehind);
};

/** @param {Batch} batch @param {string} why */
const giveUp = ({ events, lost: before }, why) => {
  /** @type {any} */
  const counts = { ...before };
  counts[why] = (counts[why] || 0) + events.length;
  for (why in counts) lost[why] = (lost[why] || 0) + counts[why];
};

/** @param {Batch} batch */
const isTooLarge = ({ events }) => events[1] && JSON.stringify(events).length > BATCH_MAX;

/** Halves a batch that is too large, until it fits or is a single event. @param {Batch} batch */
const deliver = (batch) => {
  if (isTooLarge(batch)) {
    const { events } = batch;
    deliver({ ...batch, events: events.splice(0, events.length / 2) });
    deliver(batch);
    return;
  }
  for (const _ in lost) batch.lost = lost;
  lost = {};
  if (isHeld) keep(batch);
  else if (isClosed) leaveBehind(batch);
  else follow(batch);
};

/** @param {Batch} batch @param {Promise<any>} [answering] */
const follow = async (batch, answering) => {
  flying.add(batch);
  if (await fails(batch, answering)) keep(batch);
  flying.delete(batch);
};

/** The browser sends it when the page is gone; it takes 64 kB at a time. @param {Batch} batch */
const leaveBehind = (batch) => {
  try {
    if (navigator.sendBeacon(hg.options_.endpoint, hg.body_(batch))) return;
  } catch {}
  keep(batch);
};

/** Makes room by giving up the oldest. @param {Batch} batch */
const keep = (batch) => {
  const batches = [...waiting(), batch];
  let text;
  // Each event has a time. Data may have that key too: then the limit is a little lower.
  while ((text = JSON.stringify(batches)).length > QUEUE_MAX || text.split('"time":')[QUEUE_EVENTS_MAX + 1])
    giveUp(/** @type {Batch} */ (batches.shift()), "overflow");
  setWaiting(batches);
};

/** Whether it has to be tried again. @param {Batch} batch @param {Promise<any>} [answering] */
const fails = async (batch, answering) => {
  if (batch.events[0].time < Date.now() - EXPIRES_MS) return giveUp(batch, "expired");
  const { ok, status, headers } = await (answering || hg.post_(batch));
  if (ok) wait = WAIT_MS_MIN;
  else if (
    /^4(?!08|29)/.test(status) ||
    // Browsers take no such thing, and would not the next time.
    new Blob([hg.body_(batch)]).size > EVENT_MAX
  )
    // What the core sent before this module came may be too large.
    isTooLarge(batch) ? deliver(batch) : giveUp(batch, "refused");
  else {
    const after = (headers && +headers.get("Retry-After")) || 0;
    timer =
      timer || setTimeout(tryAgain, Math.max(wait * (1 + Math.random()), Math.min(after, RETRY_AFTER_S_MAX) * 1_000));
    wait = Math.min(wait * 2, WAIT_MS_MAX);
    return (isHeld = true);
  }
};

/** One tab at a time, where the browser can tell. */
const tryAgain = () => {
  timer = clearTimeout(timer);
  if (navigator.locks) navigator.locks.request(KEY, sendWaiting).catch(sendWaiting);
  else sendWaiting();
};

const sendWaiting = async () => {
  for (let batch; (batch = waiting()[0]); ) {
    if (await fails(batch)) return;
    const [{ id }] = batch.events;
    // Others may have come meanwhile.
    setWaiting(waiting().filter(({ events }) => events[0].id !== id));
  }
  isHeld = false;
};

export const startDelivery = () => {
  openQueue();
  hg.on_("online", tryAgain);
  if (waiting()[0]) tryAgain();
  hg.send_ = deliver;
  hg.early_.map((/** @type {[Batch, Promise<any>]} */ early) => follow(...early));
};
