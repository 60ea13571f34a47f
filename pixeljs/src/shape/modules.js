// A package: everything in one file, of which the site names what it wants.

import { options } from "#given";
import { flush, prepare } from "../batch.js";
import { clicks } from "../modules/clicks.js";
import { colour } from "../modules/colour.js";
import { know } from "../modules/consent.js";
import { errors } from "../modules/errors.js";
import { forms } from "../modules/forms.js";
import { vitals } from "../modules/performance.js";
import { attend, visit } from "../visit/visit.js";
import { names } from "../visit/names.js";

export { know };
export { deliver as send } from "../visit/delivery.js";

/** @type {Record<string, () => void>} */
const modules = { clicks, forms, errors, colour, performance: vitals };

export const begin = () => {
  visit();
  // In tasks of their own, so that none is long.
  setTimeout(prepare);
  setTimeout(() => {
    if (prepare()) return;
    attend();
    names(options.modules).forEach((name) => modules[name] && modules[name]());
  });
};

/** @param {boolean} isGiven */
export const consent = (isGiven) => {
  prepare();
  flush();
  know(isGiven);
};
