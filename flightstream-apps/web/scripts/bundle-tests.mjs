// The unit tests are TypeScript and import the page's own modules; node runs them bundled.
import { readdir, rm } from "node:fs/promises";
import { build } from "esbuild";

await rm("tests/.out", { recursive: true, force: true });
const files = (await readdir("tests/unit")).filter((name) => name.endsWith(".test.ts"));
await build({
  entryPoints: files.map((name) => `tests/unit/${name}`),
  outdir: "tests/.out",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  sourcemap: "inline",
  logLevel: "warning",
});
