// Gathers events for a moment, and sends them together with what they share.

import { hg, options } from "#platform";
import { newId } from "./id.js";

/**
 * @typedef {{type: string, data?: object, time: number, id?: string, url?: string}} Event
 * @typedef {{events: Event[], lost?: Record<string, number>, [key: string]: any}} Batch
 */

const GATHER_MS = 500;

/** @type {Event[]} */
let events = [];
/** @type {any} */
let timer;

/**
 * Notes an event. It is all that happens at once; the rest waits for a task of its own.
 * @param {string} type
 * @param {object} [data]
 * @param {number} [time] When it happened, if not now.
 * @returns {Event}
 */
export const track = (type, data, time) => {
  const event = { type, data, time: time || Date.now() };
  events.push(event);
  timer = timer || setTimeout(flush, GATHER_MS);
  return event;
};

/** Sends what was gathered. Before the first page view there is no page that events could belong to. */
export const flush = () => {
  timer = clearTimeout(timer);
  if (!hg.url_ || !events[0]) return;
  const { language, webdriver, globalPrivacyControl, doNotTrack } = /** @type {any} */ (navigator);
  /** @type {Batch} */
  const batch = {
    site: options.site,
    userId: options.userId,
    sessionId: options.sessionId,
    url: hg.url_,
    title: document.title,
    referrer: hg.referrer_,
    language,
    device: {
      screen: screen.width + "x" + screen.height,
      viewport: innerWidth + "x" + innerHeight,
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      colorScheme: matchMedia("(prefers-color-scheme:dark)").matches ? "dark" : "light",
    },
    webdriver,
    gpc: globalPrivacyControl || doNotTrack == 1,
    events: events.map((event) => ({ id: newId(event.time), ...event })),
  };
  events = [];
  if (hg.send_) hg.send_(batch);
  else hg.early_.push([batch, post(batch)]);
};

/**
 * Never fails: where there is no answer, the error takes its place.
 * @param {Batch} batch
 * @returns {Promise<any>}
 */
export const post = (batch) =>
  fetch(/** @type {string} */ (options.endpoint), {
    method: "POST",
    // A text goes as text/plain: no preflight.
    body: body(batch),
    keepalive: true,
    credentials: "omit",
  }).catch((error) => error);

/** @param {Batch} batch */
export const body = (batch) => JSON.stringify({ ...batch, sentAt: Date.now() });
