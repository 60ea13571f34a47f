// A script in a page: `window.hgTracking` is its one global object, and the script's tag says what the site wants.

/** @type {HTMLScriptElement} */
export const script = /** @type {any} */ (document.currentScript);

/** What sites call, and what core and modules share. @type {import("../options.js").Hg} */
export const hg = window.hgTracking || [];

/** @type {import("../options.js").Options & import("../options.js").Found} */
export const options = { endpoint: new URL("/track", script.src), ...script.dataset };
