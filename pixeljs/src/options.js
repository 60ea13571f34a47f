// What a site may want, and what core and modules share.

/**
 * @typedef {object} Options
 * @property {string} [site] The site's key.
 * @property {string | URL} [endpoint] Where events go.
 * @property {string | string[]} [modules] Names of modules, or `all`.
 * @property {boolean | string} [hash] The fragment of an address is part of the page.
 * @property {string} [queue] `memory`: keep nothing on the device.
 * @property {string} [identity] `cookie`: know people again without asking them here.
 * @property {string} [userId] The site's own id of the person.
 * @property {string} [sessionId] The site's own id of the visit.
 */

/**
 * What was found out once (`prepare`).
 * @typedef {object} Found
 * @property {object | 0} [device_] What an event says of the device.
 * @property {any} [isHeld_] Nothing may go: not at all, or not yet.
 */

/**
 * `window.hgTracking`: the calls of a site (`tracker.js`), and what modules need. Names that end in `_` are shortened by the build.
 * @typedef {any} Hg
 */

export {};
