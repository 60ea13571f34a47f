// Builds dist/ and the size table in README.md, and fails beyond the budgets. Deterministic: the same sources give the same bytes.
//
// With --check it writes nothing, and fails where the committed files are not what it would write.

import { build } from "esbuild";
import { minify } from "terser";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

// Bytes of gzip: what a page loads first, and what it loads altogether with every module on. DESIGN's figure for the latter is 3,500,
// which is not reached yet; this keeps it from growing.
const CORE_MAX = 1_200;
const ALL_MAX = 4_000;

const MODULES = ["clicks", "forms", "performance", "errors", "colour"];
const isCheck = process.argv.includes("--check");

/** Names that end in `_` are ours; they are shortened to the same ones in all files, so that modules find what the core gives them. */
const names = {};

const bundle = async (entry, options) => {
  const result = await build({
    entryPoints: [entry],
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

/** What a page loads: esbuild bundles, terser makes it a little smaller still. */
const script = async (name, entry) => {
  const options = { target: "es2018", conditions: ["hgpixel-script"] };
  const raw = await bundle(entry, options);
  const { code } = await minify(`(()=>{${await bundle(entry, { ...options, minify: true })}})()`, {
    ecma: 2018,
    compress: {
      passes: 5,
      keep_fargs: false,
      pure_getters: true,
      unsafe_arrows: true,
      unsafe_methods: true,
    },
  });
  return { name: `${name}.js`, raw, text: code };
};

const files = [
  await script("app", "src/app.js"),
  await script("visit", "src/visit.js"),
  await script("all", "src/all.js"),
];
for (const module of MODULES) files.push(await script(module, `src/modules/${module}.js`));
files.push(await script("consent", "src/consent.js"));

for (const file of files) {
  file.gzip = gzipSync(file.text, { level: 9 }).length;
  file.minified = Buffer.byteLength(file.text);
  file.source = Buffer.byteLength(file.raw);
}

const gzip = Object.fromEntries(files.map((file) => [file.name, file.gzip]));
const all = gzip["app.js"] + gzip["all.js"];
const table = [
  "| file | raw | minified | gzip |",
  "| --- | ---: | ---: | ---: |",
  ...files.map(({ name, source, minified, gzip }) => `| \`${name}\` | ${source} | ${minified} | ${gzip} |`),
  "",
  `A page loads \`app.js\` and \`visit.js\`: ${gzip["app.js"] + gzip["visit.js"]} bytes. With every module it loads \`app.js\` and \`all.js\`: ${all} bytes.`,
].join("\n");

let isFresh = true;
const write = (path, text) => {
  if (!isCheck) writeFileSync(path, text);
  else if (readFileSync(path, "utf8") !== text) {
    isFresh = false;
    console.error(`${path} is not what \`npm run build\` writes`);
  }
};

mkdirSync("dist", { recursive: true });
for (const { name, text } of files) write(`dist/${name}`, text);
write("dist/hgpixel.mjs", await bundle("src/index.js", { target: "es2020", minifySyntax: true }));
const readme = readFileSync("README.md", "utf8");
write("README.md", readme.replace(/(<!-- sizes -->\n)[^]*(\n<!-- \/sizes -->)/, (_, before, after) => before + table + after));

console.log(table);
if (gzip["app.js"] > CORE_MAX) console.error(`app.js has more than ${CORE_MAX} bytes`);
if (all > ALL_MAX) console.error(`app.js and all.js have more than ${ALL_MAX} bytes`);
if (!isFresh || gzip["app.js"] > CORE_MAX || all > ALL_MAX) process.exitCode = 1;
