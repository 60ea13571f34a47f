// The pixel as a package in an app: one bundle, started by `init`. Importing it touches nothing, so that a server may do so too.

/** @type {import("../options.js").Hg} */
export const hg = {};

/** What the site wants. @type {import("../options.js").Options} */
export const options = {};

/** @type {Record<string, () => Promise<any>>} */
const modules = {
  visit: () => import("../visit.js"),
  all: () => import("../all.js"),
  clicks: () => import("../modules/clicks.js"),
  forms: () => import("../modules/forms.js"),
  performance: () => import("../modules/performance.js"),
  errors: () => import("../modules/errors.js"),
  colour: () => import("../modules/colour.js"),
  consent: () => import("../modules/consent.js").then(({ consent }) => consent()),
};

/**
 * @param {string} name
 * @param {() => void} [next] What to do then, also when there is no such module.
 */
export const load = (name, next = () => {}) => {
  Promise.resolve(modules[name] && modules[name]()).then(next, next);
};
