// Everything in one file, and all of it on.

import { clicks } from "../modules/clicks.js";
import { colour } from "../modules/colour.js";
import { consent } from "../modules/consent.js";
import { errors } from "../modules/errors.js";
import { forms } from "../modules/forms.js";
import { vitals } from "../modules/performance.js";
import { visit } from "../visit/visit.js";

export { consent };
export { deliver as send } from "../visit/delivery.js";

export const begin = () => {
  visit();
  // In a task of its own, so that none is long.
  setTimeout(() => {
    clicks();
    forms();
    errors();
    colour();
    // Last: a browser too old for it stops here.
    vitals();
  });
};

/** Who the visitor is has to be known before the first view is counted, or they are two. */
export const identify = () => consent();
