// Builds what the console sends to browsers: `node build.mjs [FOLDER]`, by default into ../api/console/built.
// Every entry is a module of its own; what two of them use is in a piece that both load.

import { cp, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import * as sass from "sass";

const here = path.dirname(fileURLToPath(import.meta.url));
const last = path.resolve(process.argv[2] ?? path.join(here, "../api/console/built"));
/** Made beside it and put in its place when whole: who is served meanwhile is served the old one. */
const target = `${last}.new`;

const ENTRIES = ["page", "alert", "queue", "map", "small_map", "track", "editor", "sign_in", "wallboard"];
const found = ENTRIES.map((name) => [".ts", ".tsx"].map((end) => path.join(here, name, `main${end}`)).find(existsSync));
const entryPoints = Object.fromEntries(ENTRIES.map((name, n) => [name, found[n]]).filter(([, file]) => file));

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });

await esbuild.build({
  entryPoints,
  outdir: target,
  absWorkingDir: here,
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "linked",
  chunkNames: "shared-[hash]",
  logLevel: "warning",
});

const { css } = sass.compile(path.join(here, "styles/console.scss"), {
  loadPaths: [here, path.join(here, "node_modules")],
  style: "compressed",
  quietDeps: true,
  logger: sass.Logger.silent,
});
await writeFile(path.join(target, "console.css"), css);
// The few pictures of MoJ Frontend that the style names, and no others: its crests are not ours to show.
const images = path.join(here, "node_modules/@ministryofjustice/frontend/moj/assets/images");
for (const [, name] of css.matchAll(/url\("?\/console\/images\/([\w-]+\.svg)"?\)/g)) {
  await cp(path.join(images, name), path.join(target, "images", name));
}

const sizes = {};
for (const file of await readdir(target)) {
  if (!file.endsWith(".js")) continue;
  sizes[file] = gzipSync(readFileSync(path.join(target, file)), { level: 9 }).length;
}
const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
await writeFile(path.join(target, "sizes.json"), JSON.stringify({ js_gzip_bytes: total, files: sizes }, null, 1) + "\n");
await rm(last, { recursive: true, force: true });
await rename(target, last);
console.log(`console: ${Object.keys(sizes).length} scripts, ${(total / 1024).toFixed(0)} KB compressed`);
