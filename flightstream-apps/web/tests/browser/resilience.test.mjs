import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startMockServer } from "../mock-server.mjs";
import { launchChromium, mapReady, openWatchedPage } from "./chromium.mjs";
import { eventually } from "./eventually.mjs";
import { countPixels } from "./pixels.mjs";
import { freePort, restartableServer } from "./server.mjs";

const isCruiseYellow = ([red, green, blue]) => red > 215 && green > 140 && blue < 130;
const MAP_MIDDLE = { x: 60, y: 160, width: 700, height: 480 };

describe("when things break", () => {
  let browser;
  let server;
  let port;

  before(async () => {
    port = await freePort();
    server = await restartableServer(port);
    browser = await launchChromium();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  test("comes back by itself after the server was restarted", async () => {
    const { page, context } = await openWatchedPage(browser, server.url);
    await mapReady(page);
    const state = () => page.$eval("#freshness", (node) => node.dataset.state);
    const version = () => page.$eval("#map", (node) => Number(node.dataset.version));
    await eventually(async () => assert.equal(await state(), "fresh"));

    await server.close();
    await eventually(async () => assert.equal(await state(), "lost"));
    assert.match(await page.locator("#freshness-text").innerText(), /^Disconnected – retrying/);
    const before = await version();
    assert.ok(before > 0);

    server = await restartableServer(port);
    await eventually(async () => assert.equal(await state(), "fresh"));
    // The new process counts versions from the start, so any new number shows that its data arrived.
    await eventually(async () => assert.notEqual(await version(), before));
    const after = await version();
    await eventually(async () => assert.notEqual(await version(), after));
    assert.ok((await page.$eval("#map", (node) => Number(node.dataset.aircraft))) > 0);
    await context.close();
  });

  test("draws again after the graphics card was lost", async () => {
    const { page, context } = await openWatchedPage(browser, new URL("?view=flight", server.url).href, { colorScheme: "dark" });
    await mapReady(page);
    const yellow = async () => countPixels(browser, await page.screenshot({ clip: MAP_MIDDLE }), isCruiseYellow);
    await eventually(async () => assert.ok((await yellow()) > 100));
    await page.evaluate(() => {
      const gl = document.querySelector("#map canvas").getContext("webgl2");
      window.lostContext = gl.getExtension("WEBGL_lose_context");
      window.lostContext.loseContext();
    });
    await eventually(async () => assert.ok((await yellow()) < 20));
    await page.evaluate(() => window.lostContext.restoreContext());
    await eventually(async () => assert.ok((await yellow()) > 100));
    await context.close();
  });

  test("shows the figures where there is no WebGL", async () => {
    const context = await browser.newContext();
    await context.addInitScript(() => {
      const original = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function getContext(kind, ...rest) {
        return kind.startsWith("webgl") ? null : original.call(this, kind, ...rest);
      };
    });
    const page = await context.newPage();
    await page.goto(server.url);
    await page.locator("#map-failure").waitFor();
    await page.waitForFunction(() => Number(document.querySelector("#total").dataset.total) > 0);
    assert.ok((await page.locator("#panel-arrivals tbody tr").count()) > 0);
    await context.close();
  });

  test("says so when the figures cannot be had", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const reason = "field [type] is not indexed";
    await page.route("**/api/v1/search", (route) =>
      route.fulfill({ status: 400, json: { error: { type: "illegal_argument_exception", reason }, status: 400 } }),
    );
    await page.goto(server.url);
    await page.locator(".panel-failure", { hasText: reason }).waitFor();
    await page.unroute("**/api/v1/search");
    await page.locator(".panel-failure").waitFor({ state: "hidden" });
    await context.close();
  });

  test("marks old data by the data's own clock", async () => {
    const replay = await startMockServer({ aircraft: 20, replay: true });
    const honestTick = replay.fleet.tick.bind(replay.fleet);
    const page = await browser.newPage();
    await page.goto(replay.url);
    for (const [behindSeconds, expected] of [[5, "fresh"], [60, "ageing"], [300, "stale"]]) {
      replay.fleet.tick = () => {
        const tick = honestTick();
        return { ...tick, as_of: tick.clock - behindSeconds * 1000 };
      };
      await page.locator(`#freshness[data-state="${expected}"]`).waitFor();
      assert.match(await page.locator("#freshness-text").innerText(), /^Replay, data as of Jan 31, 2024, 12:\d\d:\d\d UTC/);
    }
    await page.close();
    await replay.close();
  });
});
