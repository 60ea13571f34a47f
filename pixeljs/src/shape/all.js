// Everything in one file, and all of it on.

import { flush, prepare } from "../batch.js";
import { clicks } from "../modules/clicks.js";
import { colour } from "../modules/colour.js";
import { know } from "../modules/consent.js";
import { errors } from "../modules/errors.js";
import { forms } from "../modules/forms.js";
import { vitals } from "../modules/performance.js";
import { attend, visit } from "../visit/visit.js";

export { know };
export { deliver as send } from "../visit/delivery.js";

export const begin = () => {
  visit();
  // In tasks of their own, so that none is long; whatever comes before them calls `prepare` too.
  setTimeout(prepare);
  setTimeout(() => {
    if (prepare()) return;
    attend();
    clicks();
    forms();
    errors();
    colour();
    // Last: a browser too old for it stops here.
    vitals();
  });
};

/** @param {boolean} isGiven */
export const consent = (isGiven) => {
  prepare();
  flush();
  know(isGiven);
};
