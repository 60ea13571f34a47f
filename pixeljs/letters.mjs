// Names of one letter all have the same length, and yet gzip likes some better than others: it depends on what stands around them.

import { minify } from "terser";
import { gzipSync } from "node:zlib";

const LETTERS = "etnrisoalcdmuhpgfvxywbkSTMOEINCzJjDqAFHLPRZBUWYGKQVX$_";
const ROUNDS = 12_000;

/** Bytes of gzip. @param {string} text */
export const compressed = (text) => gzipSync(text, { level: 9 }).length;

/**
 * Gives short names to the function around a script, and makes it a block, which keeps names from the page as well.
 * @param {string} code
 * @param {string} [letters] In which order they are taken.
 */
export const name = async (code, letters = LETTERS) => {
  const get = (/** @type {number} */ index) => {
    const letter = letters[index % letters.length];
    return index < letters.length ? letter : get(Math.floor(index / letters.length) - 1) + letter;
  };
  const named = await minify(code, { ecma: 2018, compress: false, mangle: { nth_identifier: { get } } });
  return named.code.replace(/^\(\(\)=>{(var )?([^]*)}\)\(\);$/, (_, names, body) => `{${names ? "let " : ""}${body}}`);
};

/** Swaps two letters at a time, and keeps what is no worse. The same code gets the same letters. @param {string} code */
export const findLetters = async (code) => {
  let seed = 1;
  const below = (/** @type {number} */ limit) => (seed = (seed * 48_271) % 0x7fffffff) % limit;
  let best = LETTERS;
  let least = compressed(await name(code, best));
  for (let round = 0; round < ROUNDS; round++) {
    const letters = [...best];
    const [one, other] = [below(40), below(letters.length)];
    [letters[one], letters[other]] = [letters[other], letters[one]];
    const size = compressed(await name(code, letters.join("")));
    if (size <= least) [best, least] = [letters.join(""), size];
  }
  return best;
};
