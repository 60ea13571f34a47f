// The same where all is in one file.

export { hg, options } from "#given";
export { body, flush, post, track } from "../batch.js";
export { newId } from "../id.js";
export { here, view } from "../page.js";
