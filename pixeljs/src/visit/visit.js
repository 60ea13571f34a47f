// What happens while somebody is on the page.

import { flush, here, hg, options, track, view } from "#core";
import { leaveBehind, tryAgain } from "./delivery.js";
import { waiting } from "./queue.js";

// Who gave no sign of life for so long is not there any more; reading a screenful takes less.
const IDLE_MS = 60_000;

/** @type {boolean | undefined} */
let isActive;
let last = 0;
let engaged = 0;
/** How far the page was scrolled, in pixels. Asking at other times may cost a layout. */
let scrolled = 0;
let reported = 0;

/** What wants to report before a page is left; learns whether another one follows in its place, and whether it is closed. @type {Array<(isNew: any, isClosed: boolean) => void>} */
export const leaving = [];

/** @param {string} types Names of events, with spaces between. @param {(event: any) => void} listener */
export const on = (types, listener) =>
  types.split(" ").map((type) =>
    addEventListener(
      type,
      (event) => {
        const { target } = /** @type {any} */ (event);
        (target.closest && target.closest("[data-hg-ignore]")) || listener(event);
      },
      // On the way down, so that a page which stops events is seen too.
      true,
    ),
  );

/**
 * Whatever happened, looks whether the page is left, or another one now.
 * @param {{type?: string, persisted?: boolean}} event
 */
const look = ({ type, persisted }) => {
  const isClosed = type === "pagehide";
  const isLeft = isClosed || document.hidden;
  // Back from the back-forward cache: seen again, though nothing was loaded.
  const isNew = !isLeft && (here() !== hg.url_ || persisted);
  const now = performance.now() | 0;
  if (isActive) engaged += Math.min(now - last, IDLE_MS);
  last = now;
  isActive = !isLeft && document.hasFocus();
  if (type === "scroll") scrolled = Math.max(scrolled, scrollY);
  if (hg.url_ && (isLeft || isNew)) {
    const scroll = Math.min(
      100,
      Math.round(((scrolled + innerHeight) * 100) / document.documentElement.scrollHeight),
    );
    // Between the events with which a page goes, a moment passes that is no engagement.
    if (engaged > 9 || scroll > reported) track("engagement", { engaged, scroll });
    engaged = 0;
    reported = isNew ? (scrolled = 0) : scroll;
    leaving.map((leave) => leave(isNew, isClosed));
    flush(isClosed);
    // What waits in memory has no later.
    if (isClosed && options.queue) waiting().map(leaveBehind);
  }
  if (isNew) view();
};

/** What may not be missed: the first view, and that the page is left. */
export const visit = () => {
  on("visibilitychange pagehide", look);
  look({});
};

/** What may begin a moment later. */
export const attend = () => {
  tryAgain();
  on("online", tryAgain);
  on("scroll focus pointerdown pointermove pageshow blur keydown popstate", look);
  // An element with the id `navigation` goes by this name too.
  if (window.Navigation) navigation.addEventListener("currententrychange", look);
  else
    /** @type {const} */ (["pushState", "replaceState"]).map((name) => {
      const original = history[name];
      history[name] = (...change) => {
        original.apply(history, change);
        look({});
      };
    });
  // The address may be another one already.
  look({});
};
