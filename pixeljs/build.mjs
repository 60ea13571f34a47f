// Builds dist/app.js, the one file that pages load, and prints its size. Deterministic: the same sources give the same bytes.
import { build } from "esbuild";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

// DESIGN's figure for the core, in bytes of gzip.
const GZIP_BYTES_MAX = 1_200;

await build({
  entryPoints: ["src/app.js"],
  outfile: "dist/app.js",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2018",
  charset: "utf8",
  legalComments: "none",
});

const bytes = readFileSync("dist/app.js");
const gzip = gzipSync(bytes, { level: 9 }).length;
console.log(`dist/app.js: ${bytes.length} bytes, ${gzip} with gzip (at most ${GZIP_BYTES_MAX})`);
if (gzip > GZIP_BYTES_MAX) process.exitCode = 1;
