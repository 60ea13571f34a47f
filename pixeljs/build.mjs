// Builds dist/ and the size table in README.md, and fails beyond the budgets. Deterministic: the same sources give the same bytes.
//
// With --check it writes nothing, and fails where the committed files are not what it would write. With --letters it first looks for names
// that gzip likes better, which takes a minute; worth it when a budget is short of some bytes.

import { build } from "esbuild";
import { minify } from "terser";
import { compressed, findLetters, name as nameWith } from "./letters.mjs";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

// Bytes of gzip: the core alone, and the one file that has the core and every module.
const BUDGETS = { "app.js": 1_200, "all.js": 3_500 };

/** The files beside the core: what starts each. */
const BESIDE = {
  visit: 'import "./src/visit/file.js";',
  clicks: 'import { clicks } from "./src/modules/clicks.js"; clicks();',
  forms: 'import { forms } from "./src/modules/forms.js"; forms();',
  performance: 'import { vitals } from "./src/modules/performance.js"; vitals();',
  errors: 'import { errors } from "./src/modules/errors.js"; errors();',
  colour: 'import { colour } from "./src/modules/colour.js"; colour();',
  consent: 'import { flush, hg } from "#core"; import { know } from "./src/modules/consent.js"; flush(); know(hg.isGiven_);',
};
const isCheck = process.argv.includes("--check");

/** Names that end in `_` are ours; they are shortened to the same ones in all files, so that modules find what the core gives them. */
const names = {};

const bundle = async (contents, options) => {
  const result = await build({
    stdin: { contents, resolveDir: "." },
    bundle: true,
    write: false,
    format: "esm",
    charset: "utf8",
    legalComments: "none",
    mangleProps: /[a-z]_$/,
    mangleCache: names,
    ...options,
  });
  Object.assign(names, result.mangleCache);
  return result.outputFiles[0].text;
};

/** In which order each file takes letters for its names. @type {Record<string, string>} */
const letters = JSON.parse(readFileSync("letters.json", "utf8"));

/** What a page loads: esbuild bundles, terser makes it a little smaller still. */
const script = async (name, contents, shape) => {
  const options = { target: "es2018", conditions: [shape] };
  const raw = await bundle(contents, options);
  const { code } = await minify(`(()=>{${await bundle(contents, { ...options, minify: true })}})()`, {
    ecma: 2018,
    mangle: false,
    compress: {
      passes: 5,
      // What is called once and late stays a function of its own, or it would be read again with the one that starts.
      reduce_funcs: false,
      // Booleans are compared and never sent.
      booleans_as_integers: true,
      keep_fargs: false,
      pure_getters: true,
      unsafe: true,
      unsafe_arrows: true,
      unsafe_methods: true,
    },
  });
  const file = `${name}.js`;
  if (process.argv.includes("--letters") && file in BUDGETS) letters[file] = await findLetters(code);
  return { name: file, raw, text: await nameWith(code, letters[file]) };
};

const files = [
  await script("all", 'import "./src/all.js";', "hgpixel-whole"),
  await script("app", 'import "./src/app.js";', "hgpixel-core"),
];
for (const name in BESIDE) files.push(await script(name, BESIDE[name], "hgpixel-file"));

for (const file of files) {
  file.gzip = compressed(file.text);
  file.minified = Buffer.byteLength(file.text);
  file.source = Buffer.byteLength(file.raw);
}

const gzip = Object.fromEntries(files.map((file) => [file.name, file.gzip]));
const table = [
  "| file | raw | minified | gzip |",
  "| --- | ---: | ---: | ---: |",
  ...files.map(({ name, source, minified, gzip }) => `| \`${name}\` | ${source} | ${minified} | ${gzip} |`),
  "",
  `Budgets, in bytes of gzip, beyond which the build fails: \`app.js\` ${BUDGETS["app.js"]}, \`all.js\` ${BUDGETS["all.js"]}.`,
].join("\n");

let isFresh = true;
const write = (path, text) => {
  if (!isCheck) writeFileSync(path, text);
  else if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
    isFresh = false;
    console.error(`${path} is not what \`npm run build\` writes`);
  }
};

// What npm packs lies in this folder.
for (const licence of ["LICENSE-MIT", "LICENSE-APACHE"]) write(licence, readFileSync(`../${licence}`, "utf8"));
mkdirSync("dist", { recursive: true });
write("letters.json", JSON.stringify(letters, null, 2) + "\n");
for (const { name, text } of files) write(`dist/${name}`, text);
write("dist/hgpixel.mjs", await bundle('export * from "./src/index.js";', { target: "es2020", minifySyntax: true }));
const readme = readFileSync("README.md", "utf8");
write("README.md", readme.replace(/(<!-- sizes -->\n)[^]*(\n<!-- \/sizes -->)/, (_, before, after) => before + table + after));

console.log(table);
const isWithin = Object.entries(BUDGETS).map(([name, most]) => {
  if (gzip[name] > most) console.error(`${name} has ${gzip[name] - most} bytes too many`);
  return gzip[name] <= most;
});
if (!isFresh || isWithin.includes(false)) process.exitCode = 1;
