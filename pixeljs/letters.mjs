// Names of one letter all have the same length, and yet gzip likes some better than others: it depends on what stands around them.

import { minify } from "terser";
import { gzipSync } from "node:zlib";

const LETTERS = "etnrisoalcdmuhpgfvxywbkSTMOEINCzJjDqAFHLPRZBUWYGKQVX$_";
const ROUNDS = 60_000;
/** Stand for names while letters are looked for: as many characters that no script has. */
const [PLACE, PLACES] = [0x4e00, 500];

/** Bytes of gzip. @param {string} text */
export const compressed = (text) => gzipSync(text, { level: 9 }).length;

/** The name of each index. @param {string | string[]} letters @returns {(index: number) => string} */
const nameOf = (letters) => {
  const get = (/** @type {number} */ index) => {
    const letter = letters[index % letters.length];
    return index < letters.length ? letter : get(Math.floor(index / letters.length) - 1) + letter;
  };
  return get;
};

/**
 * Gives short names to the function around a script, and makes it a block, which keeps names from the page as well.
 * @param {string} code
 * @param {string} [letters] In which order they are taken.
 */
export const name = async (code, letters = LETTERS) => {
  const get = nameOf(letters);
  const named = await minify(code, { ecma: 2018, compress: false, mangle: { nth_identifier: { get } } });
  return named.code.replace(/^\(\(\)=>{(var )?([^]*)}\)\(\);$/, (_, names, body) => `{${names ? "let " : ""}${body}}`);
};

/**
 * Swaps two letters at a time and keeps what is no worse, or at first a little worse (simulated annealing). The same code gets the same
 * letters.
 * @param {string} code
 */
export const findLetters = async (code) => {
  let seed = 1;
  const random = () => (seed = (seed * 48_271) % 0x7fffffff) / 0x7fffffff;
  const below = (/** @type {number} */ limit) => Math.floor(random() * limit);
  // Named once with places for names, which are filled in much faster.
  const places = await name(code, Array.from({ length: PLACES }, (_, place) => String.fromCharCode(PLACE + place)).join(""));
  const filled = (/** @type {string[]} */ letters) => {
    const get = nameOf(letters);
    return compressed(places.replace(/[\u4e00-\u9fff]/g, (place) => get(place.charCodeAt(0) - PLACE)));
  };
  let now = [...LETTERS];
  let size = filled(now);
  let [best, least] = [now, size];
  for (let round = 0; round < ROUNDS; round++) {
    const warmth = 3 * (1 - round / ROUNDS) ** 2;
    const letters = [...now];
    const [one, other] = [below(letters.length), below(letters.length)];
    [letters[one], letters[other]] = [letters[other], letters[one]];
    const next = filled(letters);
    if (next > size && random() > Math.exp((size - next) / warmth)) continue;
    [now, size] = [letters, next];
    if (size < least) [best, least] = [now, size];
  }
  return best.join("");
};
