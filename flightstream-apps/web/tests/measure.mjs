// Figures of the page, one JSON object a line: over the simulated server, or over the release binary that
// FLIGHTSTREAM_BIN names. Needs a quiet machine: browser and server share it.
//   npm run measure [-- --only assets,first,update,memory --minutes 60]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { accelerate, pageMemory } from "./browser/accelerate.mjs";
import { launchChromium, mapReady } from "./browser/chromium.mjs";
import { startMockServer } from "./mock-server.mjs";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "assets,first,update,memory" },
    minutes: { type: "string", default: "60" },
    aircraft: { type: "string", default: "1500,50000" },
  },
});
const BINARY = process.env.FLIGHTSTREAM_BIN;
const VIEWPORT = { width: 1440, height: 900 };
// How much faster than life the hour is; the binary ticks once a second, so its updates are only larger.
const TIMES = BINARY ? 1 : 20;
const SERVER = BINARY ? "binary" : "simulated";
const print = (figure) => console.log(JSON.stringify(figure));

/** Reports come every so many seconds from each aircraft. */
async function startServer({ aircraft, reportEvery = 5, tickMs = 1000 }) {
  if (!BINARY) return startMockServer({ aircraft, reportEvery, tickMs });
  const data = await mkdtemp(path.join(os.tmpdir(), "flightstream-measure-"));
  const traffic = ["--source", "simulate", "--seed", "7", "--aircraft", `${aircraft}`, "--report-interval", `${reportEvery}s`];
  const child = spawn(BINARY, ["run", ...traffic, "--data", data, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(child, "exit");
  const url = await new Promise((resolve, reject) => {
    exited.then(([code]) => reject(new Error(`${BINARY} ended with ${code}`)));
    readline.createInterface({ input: child.stderr }).on("line", (line) => {
      const found = /→ (http:\/\/[0-9.:]+)/.exec(line);
      if (found) resolve(`${found[1]}/`);
    });
  });
  const hasAll = async () => (await (await fetch(`${url}api/v1/status`)).json()).total >= aircraft * 0.9;
  while (!(await hasAll())) await new Promise((resolve) => setTimeout(resolve, 500));
  return {
    url,
    async close() {
      child.kill("SIGTERM");
      await exited;
      await rm(data, { recursive: true, force: true });
    },
  };
}

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
  const server = await startServer({ aircraft });
  for (const cache of ["cold", "cold", "cold", "warm", "warm", "warm"]) {
    const context = await browser.newContext({ viewport: VIEWPORT });
    if (cache === "warm") {
      const before = await context.newPage();
      await before.goto(`${server.url}?view=flight`);
      await mapReady(before);
      await before.close();
    }
    const page = await context.newPage();
    let received = 0;
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    session.on("Network.loadingFinished", ({ encodedDataLength }) => (received += encodedDataLength));
    await page.goto(`${server.url}?view=flight`);
    const mark = "flightstream:first-aircraft";
    await page.waitForFunction((name) => performance.getEntriesByName(name).length > 0, mark, { timeout: 60_000 });
    const ms = await page.evaluate((name) => performance.getEntriesByName(name)[0].startTime, mark);
    print({ figure: "first map with aircraft", server: SERVER, aircraft, cache, ms: Math.round(ms), received_bytes: Math.round(received) });
    await context.close();
  }
  await server.close();
}

/** Lengths of the tasks that keep the main thread from anything else for more than 50 ms. */
async function watchLongTasks(context) {
  await context.addInitScript(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) window.longTasks.push({ startTime, duration });
    }).observe({ type: "longtask", buffered: true });
  });
}

async function update(browser, aircraft) {
  const server = await startServer({ aircraft, reportEvery: 1 });
  const context = await browser.newContext({ viewport: VIEWPORT });
  await watchLongTasks(context);
  for (const view of ["flight", "airport", "aircraft", "stream"]) {
    const page = await context.newPage();
    await page.goto(`${server.url}?view=${view}`);
    await page.waitForTimeout(8_000);
    const session = await context.newCDPSession(page);
    await session.send("Performance.enable");
    const metrics = async () => Object.fromEntries((await session.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
    const before = await metrics();
    const seconds = 20;
    const from = await page.evaluate(() => performance.now());
    await page.waitForTimeout(seconds * 1000);
    const after = await metrics();
    const tasks = await page.evaluate((start) => window.longTasks.filter(({ startTime }) => startTime >= start).map(({ duration }) => duration), from);
    const perUpdate = (name) => Number((((after[name] - before[name]) * 1000) / seconds).toFixed(1));
    print({
      figure: "main thread an update of all aircraft",
      server: SERVER,
      aircraft,
      view,
      task_ms: perUpdate("TaskDuration"),
      script_ms: perUpdate("ScriptDuration"),
      layout_ms: perUpdate("LayoutDuration"),
      style_ms: perUpdate("RecalcStyleDuration"),
      tasks_above_50_ms: tasks.length,
      longest_task_ms: Math.max(0, ...tasks),
    });
    await page.close();
  }
  await context.close();
  await server.close();
}

/** Least squares. */
function slope(points) {
  const mean = (of) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean(([at]) => at), mean(([, value]) => value)];
  const over = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0);
  return over / points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
}

async function memory(browser, minutes) {
  const server = await startServer({ aircraft: 1_500, reportEvery: BINARY ? 1 : 5, tickMs: 1_000 / TIMES });
  const context = await browser.newContext({ viewport: VIEWPORT });
  await accelerate(context, TIMES);
  const page = await context.newPage();
  await page.goto(`${server.url}?view=flight`);
  await mapReady(page);
  const versionOf = () => page.$eval("#map", (map) => Number(map.dataset.version));
  const started = await versionOf();
  const step = minutes / 12;
  const heaps = [];
  for (let part = 0; part <= 12; part++) {
    const memory = await pageMemory(context, page);
    const minute = part * step;
    // The first minutes fill what is kept of the last ones.
    if (part >= 2) heaps.push([minute, memory.heap]);
    print({ figure: "memory", server: SERVER, minute, versions: (await versionOf()) - started, ...memory });
    if (part < 12) await page.waitForTimeout((step * 60_000) / TIMES);
  }
  print({ figure: "memory", server: SERVER, minutes, times: TIMES, heap_slope_bytes_per_hour: Math.round(slope(heaps) * 60) });
  await context.close();
  await server.close();
}

const wanted = values.only.split(",");
const browser = await launchChromium();
if (wanted.includes("assets")) await assets();
if (wanted.includes("first")) for (const aircraft of values.aircraft.split(",")) await firstMap(browser, Number(aircraft));
if (wanted.includes("update")) await update(browser, 10_000);
if (wanted.includes("memory")) await memory(browser, Number(values.minutes));
await browser.close();
