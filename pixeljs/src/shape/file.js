// A file beside the core: what that has put on `hgTracking`.

/** @type {import("../options.js").Hg} */
export const hg = window.hgTracking;

export const { options_: options, trackEvent: track, post_: post, body_: body, newId_: newId, flush_: flush, here_: here, view_: view } = hg;
export const { on_: on, leaving_: leaving } = hg;
