// Where batches wait that the server did not take: `localStorage`, or memory where the site wants that or the browser has nothing else.
//
// It is read when a page starts, and written only after a failure. Reading and writing back happen in one go, with no wait between,
// so that two tabs do not overwrite each other. (A tab may see a little late what another one has written. It may then send a batch once
// more, under the same ids, by which the server knows it.)

import { options } from "#core";

/** @typedef {import("../batch.js").Batch} Batch */

export const KEY = "hgpixel_queue";

/** What waits in no other place. @type {Batch[]} */
export let memory = [];

/** Where storage is blocked, the mere mention of it throws; `null`, which some web views have, does so when it is used. */
const store = () => /** @type {any} */ (options.queue ? null : localStorage);

/** @returns {Batch[]} Oldest first. */
export const waiting = () => {
  try {
    // Parsing nothing would throw, which takes longer than all the rest of the start.
    return JSON.parse(store()[KEY] || null) || memory;
  } catch {
    return memory;
  }
};

/** @param {Batch[]} batches */
export const setWaiting = (batches) => {
  memory = [];
  try {
    delete store()[KEY];
    // The site may have filled it.
    if (batches[0]) store()[KEY] = JSON.stringify(batches);
  } catch {
    memory = batches;
  }
};
