// Errors that nobody caught, each once, and not without end.

import { track } from "#core";
import { on } from "#visit";

const ERRORS_MAX = 10;

const seen = new Set();

export const errors = () => {
  on("error unhandledrejection", ({ reason, filename, message, lineno }) => {
    // What is thrown may be anything, also what cannot be sent.
    message = message || (reason && (reason.message || reason) + "");
    // Files that did not load have no message.
    if (message && seen.size < ERRORS_MAX && seen.size < seen.add(message + filename + lineno).size)
      track("error", { source: filename, message, line: lineno });
  });
};
