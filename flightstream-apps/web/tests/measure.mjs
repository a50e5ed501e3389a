// Figures of the page over the simulated server, one JSON object a line. Needs a quiet machine.
//   npm run measure [-- --minutes 60]
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { accelerate, pageMemory } from "./browser/accelerate.mjs";
import { launchChromium, mapReady } from "./browser/chromium.mjs";
import { startMockServer } from "./mock-server.mjs";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "60" } } });
const VIEWPORT = { width: 1440, height: 900 };
const TIMES = 20;
const print = (figure) => console.log(JSON.stringify(figure));

async function assets() {
  const folder = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), "dist");
  const files = [];
  for (const name of await readdir(folder, { recursive: true })) {
    if (/\.(js|css|json|html|svg)$/.test(name)) files.push(await readFile(path.join(folder, name)));
  }
  const sum = (compress) => files.reduce((total, file) => total + compress(file).length, 0);
  print({ figure: "assets", bytes: sum((file) => file), gzip: sum((file) => gzipSync(file, { level: 9 })), brotli: sum(brotliCompressSync) });
}

async function firstMap(browser, aircraft) {
  const server = await startMockServer({ aircraft });
  for (const cache of ["cold", "warm", "warm"]) {
    const context = await browser.newContext({ viewport: VIEWPORT });
    const page = await context.newPage();
    await page.goto(`${server.url}?view=flight`);
    if (cache === "warm") {
      await mapReady(page);
      await page.reload();
    }
    const mark = "flightstream:first-aircraft";
    await page.waitForFunction((name) => performance.getEntriesByName(name).length > 0, mark, { timeout: 60_000 });
    const ms = await page.evaluate((name) => performance.getEntriesByName(name)[0].startTime, mark);
    print({ figure: "first map with aircraft", aircraft, cache, ms: Math.round(ms) });
    await context.close();
  }
  await server.close();
}

async function update(browser, aircraft) {
  const server = await startMockServer({ aircraft, reportEvery: 1 });
  const context = await browser.newContext({ viewport: VIEWPORT });
  for (const view of ["flight", "airport", "aircraft", "stream"]) {
    const page = await context.newPage();
    await page.goto(`${server.url}?view=${view}`);
    await page.waitForTimeout(8_000);
    const session = await context.newCDPSession(page);
    await session.send("Performance.enable");
    const metrics = async () => Object.fromEntries((await session.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
    const before = await metrics();
    const seconds = 20;
    await page.waitForTimeout(seconds * 1000);
    const after = await metrics();
    const perUpdate = (name) => Number((((after[name] - before[name]) * 1000) / seconds).toFixed(1));
    print({ figure: "main thread an update of all aircraft", aircraft, view, task_ms: perUpdate("TaskDuration"), script_ms: perUpdate("ScriptDuration"), layout_ms: perUpdate("LayoutDuration"), style_ms: perUpdate("RecalcStyleDuration") });
    await page.close();
  }
  await context.close();
  await server.close();
}

async function memory(browser, minutes) {
  const server = await startMockServer({ aircraft: 1_500, tickMs: 1_000 / TIMES });
  const context = await browser.newContext({ viewport: VIEWPORT });
  await accelerate(context, TIMES);
  const page = await context.newPage();
  await page.goto(`${server.url}?view=flight`);
  await mapReady(page);
  const started = Number(await page.$eval("#map", (map) => map.dataset.version));
  for (let minute = 0; minute <= minutes; minute += 5) {
    const version = Number(await page.$eval("#map", (map) => map.dataset.version));
    print({ figure: "memory", minute, updates: version - started, ...(await pageMemory(context, page)) });
    await page.waitForTimeout((5 * 60_000) / TIMES);
  }
  await context.close();
  await server.close();
}

const browser = await launchChromium();
await assets();
await firstMap(browser, 5_000);
await update(browser, 10_000);
await memory(browser, Number(values.minutes));
await browser.close();
