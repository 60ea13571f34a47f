// Where batches wait that the server did not take: `localStorage`, or memory where the site wants that or the browser has nothing else.
//
// It is read when a page starts, and written only after a failure. Reading and writing back happen in one go, with no wait between,
// so that two tabs do not overwrite each other.

import { hg } from "#hg";

/** @typedef {import("../batch.js").Batch} Batch */

export const KEY = "hgpixel_queue";

/** @type {Record<string, any>} */
let store = {};

export const openQueue = () => {
  // Where storage is blocked, the mere mention of it throws; some web views have `null` instead.
  try {
    if (!hg.options_.queue) store = localStorage || store;
  } catch {}
};

/** @returns {Batch[]} Oldest first. */
export const waiting = () => {
  try {
    return JSON.parse(store[KEY]);
  } catch {
    return [];
  }
};

/** @param {Batch[]} batches */
export const setWaiting = (batches) => {
  try {
    store[KEY] = JSON.stringify(batches);
    if (!batches[0]) delete store[KEY];
  } catch {
    // The site has filled it.
    store = {};
    setWaiting(batches);
  }
};
