// Gathers events for a moment and sends them together. What the server could not take is sent again, with the same ids.

import { eventId } from "./id.js";

const GATHER_MS = 200;
const EVENTS_MAX = 50;
const UNSENT_MAX = 20;
const RETRY_MS_MIN = 1000;
const RETRY_MS_MAX = 300000;

export const sender = () => {
  /** Events of the current address. */
  let events = [];
  /** Bodies that the server did not take yet, oldest first. */
  let unsent = [];
  let options = {};
  let timer;
  let retryMs = RETRY_MS_MIN;

  const configure = (given) => {
    options = { ...options, ...given };
    schedule(GATHER_MS);
  };

  const track = (type, data, referrer) => {
    const time = Date.now();
    events = [...events.slice(-EVENTS_MAX), { id: eventId(time), type, data, time, referrer }];
    schedule(GATHER_MS);
  };

  const schedule = (delay) => {
    timer = timer || setTimeout(flush, delay);
  };

  const flush = () => {
    clearTimeout(timer);
    timer = 0;
    if (!options.site) return;
    if (events.length) unsent.push(body());
    events = [];
    unsent
      .splice(0)
      .slice(-UNSENT_MAX)
      .forEach(document.hidden ? leaveBehind : send);
  };

  // The language and a wish for privacy (GPC, DNT) stand in the request's headers.
  const body = () =>
    JSON.stringify({
      v: 1,
      ...options,
      url: location.href,
      title: document.title,
      referrer: document.referrer,
      device: { screen: screen.width + "x" + screen.height },
      events,
    });

  const keep = (text) => unsent.push(text);

  // The browser sends it when the page is gone; it takes 64 kB at a time.
  const leaveBehind = (text) => navigator.sendBeacon(options.endpoint, text) || keep(text);

  // A string goes as text/plain: no preflight.
  const send = (text) =>
    fetch(options.endpoint, { method: "POST", body: text, keepalive: true, credentials: "omit" })
      .then(({ status }) => {
        if (status > 499 || status === 429 || status === 408) throw status;
        retryMs = RETRY_MS_MIN;
      })
      .catch(() => {
        keep(text);
        schedule(retryMs * (1 + Math.random()));
        retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
      });

  // The last moment that browsers surely grant a page.
  document.addEventListener("visibilitychange", flush);
  addEventListener("pagehide", flush);

  return { track, flush, configure };
};
