// The core alone: it sends by itself until `visit.js` takes over, and the rest are files beside it.

import { hg, options } from "#given";
import { body, flush, post, prepare } from "../batch.js";
import { newId } from "../id.js";
import { here, view } from "../page.js";
import { script } from "./script.js";

/** @param {import("../batch.js").Batch} batch @param {any} [isClosing] */
export const send = (batch, isClosing) => {
  if (hg.send_) hg.send_(batch, isClosing);
  else early.push([batch, post(batch)]);
};

/** One made ahead, or opened in the background, is seen later or never. */
const look = () => {
  if (hg.send_) return;
  if (document.hidden) flush();
  else if (!hg.url_) view();
};

export const begin = () => {
  addEventListener("visibilitychange", look);
  look();
  // In a task of its own, so that none is long.
  setTimeout(prepare);
  setTimeout(() => prepare() === true || load("visit"));
};

/** Who the visitor is has to be known before the first view goes, or they are two. */
export const know = () => {
  if (options.identity || document.cookie.match("hgpixel_id")) return load("consent", () => flush((options.isHeld_ = 0)));
};

/** @param {boolean} isGiven */
export const consent = (isGiven) => {
  hg.isGiven_ = isGiven;
  load("consent");
};

/** @type {Array<[import("../batch.js").Batch, Promise<any>]>} */
const early = [];

/**
 * @param {string} name
 * @param {() => void} [next] What to do then, also when it did not come.
 */
const load = (name, next) => {
  // What the files find on `hgTracking`. Names that end in `_` are shortened by the build.
  Object.assign(hg, {
    options_: options,
    load_: load,
    post_: post,
    body_: body,
    newId_: newId,
    flush_: flush,
    here_: here,
    view_: view,
    early_: early,
  });
  document.head.append(
    Object.assign(document.createElement("script"), {
      src: new URL(name + ".js", script.src),
      // A strict Content-Security-Policy lets no module in without it.
      nonce: script.nonce,
      onload: next,
      onerror: next,
    }),
  );
  return "later";
};
