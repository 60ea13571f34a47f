// A package in an app: started by `init`. Importing it touches nothing, so that a server may do so too.

/** @type {import("../options.js").Hg} */
export const hg = {};

/** @type {import("../options.js").Options & import("../options.js").Found} */
export const options = {};
