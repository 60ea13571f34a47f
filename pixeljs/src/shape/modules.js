// A package: everything in one file, of which the site names what it wants.

import { options } from "#given";
import { clicks } from "../modules/clicks.js";
import { colour } from "../modules/colour.js";
import { consent } from "../modules/consent.js";
import { errors } from "../modules/errors.js";
import { forms } from "../modules/forms.js";
import { vitals } from "../modules/performance.js";
import { visit } from "../visit/visit.js";
import { names } from "../visit/names.js";

export { consent };
export { deliver as send } from "../visit/delivery.js";

/** @type {Record<string, () => void>} */
const modules = { clicks, forms, errors, colour, performance: vitals };

export const begin = () => {
  visit();
  names(options.modules).forEach((name) => modules[name] && modules[name]());
};

export const identify = () => consent();
