// Where batches wait that the server did not take: `localStorage`, or memory where the site wants that or the browser has nothing else.
//
// It is read when a page starts, and written only after a failure. Each batch has a key of its own, because tabs see a little late what
// others have written: one that wrote back a list of all batches would undo what another one did in that moment.

import { options } from "#core";

/** @typedef {import("../batch.js").Batch} Batch */

/** What their keys begin with. (`hgpixel_queue` was a list of them all.) */
export const KEY = "hgpixel_event";

/** @type {Record<string, string>} */
const memory = {};

/**
 * What waits, oldest first (ids begin with the time), once a batch has come or gone.
 *
 * What storage cannot do, memory does from then on. Where it is blocked, the mere mention of it throws; `null`, which some web views have,
 * does so when it is used; the site may have filled it. What is in there waits for the next page.
 * @param {any} [batch]
 * @param {boolean} [isGone]
 * @returns {Batch[]}
 */
export const waiting = (batch, isGone) => {
  try {
    const store = options.queue ? memory : localStorage;
    if (isGone) delete store[KEY + batch.events[0].id];
    else if (batch) store[KEY + batch.events[0].id] = JSON.stringify(batch);
    return Object.keys(store)
      .filter((key) => key.match(KEY))
      .sort()
      .map((key) => JSON.parse(store[key]));
  } catch {
    options.queue = /** @type {any} */ (1);
    return waiting(batch, isGone);
  }
};
