// `visit.js`, which the core loads right after the first page view: it takes over from the core, and brings the modules that the
// site asks for.

import { hg, options } from "#core";
import { deliver, follow } from "./delivery.js";
import { names } from "./names.js";
import { attend, leaving, on, visit } from "./visit.js";

/** What the core has sent may have been too large; in pieces it is not. @param {[import("../batch.js").Batch, Promise<any>]} sent */
const takeOver = async ([batch, answering]) => {
  const { ok, status } = await answering;
  if (ok || (status && status !== 413)) follow(batch, answering);
  else deliver(batch);
};

hg.on_ = on;
hg.leaving_ = leaving;
visit();
attend();
hg.send_ = deliver;
hg.early_.map(takeOver);
// Each in a task of its own, so that none is long.
names(options.modules).forEach((name) => setTimeout(hg.load_, 0, name));
