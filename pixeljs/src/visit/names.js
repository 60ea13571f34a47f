// Which modules a site asks for: names in a list or a text, or all by one word.

/** @param {string | string[]} [modules] @returns {Set<string>} */
export const names = (modules = "") =>
  new Set((modules === "all" ? "clicks forms errors colour performance" : `${modules}`).match(/\w+/g));
