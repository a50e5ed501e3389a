// Builds dist/: everything under assets/ carries its content's hash in its name and may be cached
// for ever; only index.html and the licence list may change under the same name.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { buildBasemap } from "./basemap.mjs";
import { thirdPartyNotices } from "./third-party.mjs";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const DIST = path.join(ROOT, "dist");
const BROWSERS = ["chrome123", "firefox120", "safari17.5"];
const require = createRequire(import.meta.url);

const shared = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  legalComments: "none",
  target: BROWSERS,
  logLevel: "warning",
};

async function writeHashed(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 10);
  const { name: stem, ext } = path.parse(name);
  const file = `assets/${stem}-${hash}${ext}`;
  await writeFile(path.join(DIST, file), content);
  return file;
}

async function withoutSourceMapComment(file) {
  const text = await readFile(file, "utf8");
  return text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
}

async function bundle(entryPoint, options) {
  const result = await build({ ...shared, entryPoints: [entryPoint], write: false, ...options });
  return result.outputFiles[0].text;
}

function outputFor(metafile, entryPoint) {
  const found = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === entryPoint);
  if (!found) throw new Error(`no output for ${entryPoint}`);
  return path.relative("dist", found[0]);
}

await rm(DIST, { recursive: true, force: true });
await mkdir(path.join(DIST, "assets"), { recursive: true });

const basemap = await writeHashed("basemap.json", await buildBasemap());
const worker = await writeHashed(
  "map-worker.js",
  await withoutSourceMapComment(require.resolve("maplibre-gl/dist/maplibre-gl-worker.mjs")),
);
const app = await build({
  ...shared,
  entryPoints: ["src/main.ts"],
  outdir: "dist/assets",
  format: "esm",
  splitting: true,
  metafile: true,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  define: { BASEMAP_URL: JSON.stringify(basemap), MAP_WORKER_URL: JSON.stringify(worker) },
});

const notices = await thirdPartyNotices();
await writeFile(path.join(ROOT, "THIRD-PARTY.md"), notices);
await writeFile(path.join(DIST, "third-party.txt"), notices);

const placeholders = {
  main: outputFor(app.metafile, "src/main.ts"),
  map: outputFor(app.metafile, "src/map/map-view.ts"),
  styles: await writeHashed("styles.css", await bundle("src/styles/index.css", {})),
  "theme-boot": await writeHashed("theme-boot.js", await bundle("src/theme-boot.ts", { format: "iife" })),
  basemap,
  icon: await writeHashed("icon.svg", await readFile(path.join(ROOT, "src/icon.svg"), "utf8")),
  licences: "third-party.txt",
};
const template = await readFile(path.join(ROOT, "src/index.html"), "utf8");
await writeFile(
  path.join(DIST, "index.html"),
  template.replace(/\{\{([\w-]+)\}\}/g, (_, name) => {
    if (!(name in placeholders)) throw new Error(`index.html: unknown placeholder ${name}`);
    return placeholders[name];
  }),
);
