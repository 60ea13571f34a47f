// The event of a favourite colour, which site and module may both tell.

import { track } from "#core";

/** @param {string} colour @param {string} source */
export const favour = (colour, source) => colour && track("favourite_colour", { colour, source });
