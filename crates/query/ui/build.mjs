// Builds ../assets/dist: the scripts, styles and pictures of the pages, and a manifest of what is in them. The result is committed,
// so that building the program needs no Node. Deterministic: the same sources and lock file give the same bytes.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";

const DIST = "../assets/dist";

rmSync(DIST, { recursive: true, force: true });
mkdirSync(DIST, { recursive: true });

const { metafile } = await build({
  entryPoints: [
    "src/view-data.js",
    "src/sites.js",
    "src/demo.js",
    "src/settings.js",
    "src/dashboard.ts",
    "src/theme.ts",
    "src/style.css",
    "src/dark.css",
    "src/dashboard.css",
    "src/bots.css",
    "src/view-data.css",
  ],
  outdir: DIST,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome111", "firefox113", "safari16.4"],
  charset: "utf8",
  legalComments: "none",
  metafile: true,
});
cpSync("src/icon.svg", `${DIST}/icon.svg`);

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));

/** The npm packages whose code is in the files, with the licence texts that must go along. */
const packages = [...new Set(Object.keys(metafile.inputs).map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]))]
  .filter(Boolean)
  .sort()
  .map((name) => {
    const { version, license, integrity } = lock.packages[`node_modules/${name}`];
    return { name, version, licence: license, integrity };
  });

const licences = packages.map(({ name, version }) => {
  const file = readdirSync(`node_modules/${name}`).find((file) => /^licen[cs]e/i.test(file));
  return `${name} ${version}\n\n${readFileSync(`node_modules/${name}/${file}`, "utf8").trim()}\n`;
});
writeFileSync(`${DIST}/licences.txt`, licences.join("\n"));

const files = readdirSync(DIST)
  .sort()
  .map((name) => {
    const bytes = readFileSync(`${DIST}/${name}`);
    return { name, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  });
writeFileSync(`${DIST}/manifest.json`, JSON.stringify({ packages, files }, null, 2) + "\n");
for (const { name, bytes } of files) console.log(`${name}: ${bytes} bytes`);
