// The pixel as a script in a page: `window.hgTracking` is its one global object, and modules are files beside it.

const script = /** @type {HTMLScriptElement} */ (document.currentScript);

/**
 * What sites call, and, under names that end in `_` and are shortened by the build, what modules need.
 * @type {import("../options.js").Hg}
 */
export const hg = window.hgTracking || [];

/** What the site wants. @type {import("../options.js").Options} */
export const options = { endpoint: new URL("/track", script.src), ...script.dataset };

/**
 * @param {string} name
 * @param {() => void} [next] What to do then, also when it did not come.
 */
export const load = (name, next) =>
  document.head.append(
    Object.assign(document.createElement("script"), {
      src: new URL(name + ".js", script.src),
      // A strict Content-Security-Policy lets no module in without it.
      nonce: script.nonce,
      onload: next,
      onerror: next,
    }),
  );
