// The event of a favourite colour, which site and module may both tell.

import { track } from "#core";

/** @param {string | false} colour @param {string} [source] */
export const favour = (colour, source = "chosen") => colour && track("favourite_colour", { source, colour });
