// Errors that nobody caught, each once, and not without end.

import { hg } from "#hg";

const ERRORS_MAX = 10;

const seen = new Set();
hg.on_("error unhandledrejection", (/** @type {any} */ { type, message, filename, lineno, colno, reason }) => {
  message = message || (reason && reason.message) || reason;
  const key = message + filename + lineno + colno;
  // Files that did not load have no message.
  if (message && seen.size < ERRORS_MAX && seen.size < seen.add(key).size)
    hg.trackEvent("error", { message, source: filename, line: lineno, column: colno, kind: type });
});
