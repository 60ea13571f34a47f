// Gathers events for a moment, and sends them together with what they share. (The order of keys is the one that gzip likes best, here
// and in other files.)

import { hg, options } from "#given";
import { know, send } from "#shape";
import { newId } from "./id.js";

/**
 * @typedef {{type: string, data?: object, time: number, id?: string, url?: string}} Event
 * @typedef {{events: Event[], lost?: Record<string, number>, [key: string]: any}} Batch
 */

const GATHER_MS = 500;
// Of a page that is never shown, or not to be counted.
const EVENTS_MAX = 1_000;

/** @type {Event[]} */
let events = [];
/** @type {any} */
let timer;

/**
 * Notes an event. It is all that happens at once; the rest waits for a task of its own.
 * @param {string} type
 * @param {object} [data]
 * @param {number} [time] When it happened, if not now.
 * @param {any} [url] Of which page it tells, if not of the one shown.
 */
export const track = (type, data, time = Date.now(), url) => {
  // As it is now. What cannot be sent is an error of the caller, and not of all that is sent with it.
  events.push(JSON.parse(JSON.stringify({ type, id: newId(), time, data, url })));
  timer = timer || setTimeout(flush, GATHER_MS);
};

/**
 * Asks for what is dear, once for each call of `initialize`: in a task of its own, or when something is to go at once. Answers whether
 * nothing may go.
 */
export const prepare = () => {
  if (!options.device_) {
    options.device_ = {
      screen: screen.width + "x" + screen.height,
      // The older way takes a hundred times as long.
      timeZone: window.Temporal ? Temporal.Now.timeZoneId() : Intl.DateTimeFormat().resolvedOptions().timeZone,
      viewport: innerWidth + "x" + innerHeight,
      colorScheme: matchMedia("(prefers-color-scheme:dark)").matches ? "dark" : "light",
    };
    // Where storage or cookies are blocked, the mere mention of them throws.
    try {
      options.isHeld_ = localStorage.hgpixel_ignore == "true" || know();
    } catch {}
  }
  return options.isHeld_;
};

/** Sends what was gathered. Before the first page view there is no page that events could belong to. @param {any} [isClosing] */
export const flush = (isClosing) => {
  timer = clearTimeout(timer);
  if (!hg.url_ || !events[0] || prepare()) return events.splice(EVENTS_MAX);
  /** @type {Batch} */
  const batch = {
    referrer: hg.referrer_,
    device: options.device_,
    sessionId: options.sessionId,
    webdriver: navigator.webdriver,
    events,
    userId: options.userId || hg.id_,
    language: navigator.language,
    url: hg.url_,
    title: document.title,
    site: options.site,
  };
  events = [];
  send(batch, isClosing);
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
  }).catch((error) => error);

/** @param {Batch} batch */
export const body = (batch) => JSON.stringify({ ...batch, sentAt: Date.now() });
