// What happens while somebody is on the page.

import { hg } from "#hg";
import { setClosed, startDelivery } from "./delivery.js";
import { report, tick } from "./engagement.js";

/** @param {string} types Names of events, with spaces between. @param {(event: any) => void} listener */
const on = (types, listener) =>
  types.split(" ").map((type) =>
    addEventListener(
      type,
      (event) => {
        const { target } = /** @type {any} */ (event);
        if (!target.closest || !target.closest("[data-hg-ignore]")) listener(event);
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
  const isNew = !isLeft && (hg.here_() !== hg.url_ || persisted);
  tick(isLeft);
  if (hg.url_ && (isLeft || isNew)) {
    setClosed(isClosed);
    report(isNew);
    hg.leaving_.map((/** @type {any} */ leave) => leave(isNew, isClosed));
    hg.flush_();
  }
  // While a page changes its own address, the browser's referrer stays that of the first view.
  if (isNew) hg.view_(hg.url_ || document.referrer);
};

hg.on_ = on;
/** What wants to report before a page is left; learns whether another one follows in its place, and whether it is closed. */
hg.leaving_ = [];
startDelivery();
on("focus blur scroll keydown pointerdown pointermove visibilitychange pagehide pageshow popstate", look);
const { navigation } = /** @type {any} */ (window);
// An element with the id `navigation` goes by this name too.
if (navigation && navigation.currentEntry) navigation.addEventListener("currententrychange", look);
else
  /** @type {const} */ (["pushState", "replaceState"]).map((name) => {
    const original = history[name];
    history[name] = (...change) => {
      original.apply(history, change);
      look({});
    };
  });
look({});
