import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startMockServer } from "../mock-server.mjs";
import { accelerate, pageMemory } from "./accelerate.mjs";
import { launchChromium, mapReady, openWatchedPage } from "./chromium.mjs";
import { eventually } from "./eventually.mjs";

const TIMES = 40;

describe("with much to show", () => {
  let browser;

  before(async () => {
    browser = await launchChromium();
  });

  after(() => browser?.close());

  test("20,000 aircraft are all there, and keep moving", async () => {
    const server = await startMockServer({ aircraft: 20_000 });
    const { page, context, problems } = await openWatchedPage(browser, `${server.url}?view=flight`);
    await mapReady(page);
    const map = () => page.$eval("#map", ({ dataset }) => ({ aircraft: Number(dataset.aircraft), version: Number(dataset.version) }));
    const first = await map();
    assert.equal(first.aircraft, 20_000);
    await eventually(async () => assert.ok((await map()).version > first.version));
    await page.locator('.view-tab[data-view="aircraft"]').click();
    await page.locator(".grid-canvas .grid-row[data-hex]:not([data-hex=''])").first().waitFor();
    assert.match(await page.locator(".grid-tools .panel-note").innerText(), /10,000 of 20,000/);
    assert.deepEqual(problems, []);
    await context.close();
    await server.close();
  });

  test("the page needs no more memory after ten minutes of updates", async () => {
    const server = await startMockServer({ aircraft: 1_000, tickMs: 1_000 / TIMES });
    const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
    await accelerate(context, TIMES);
    const page = await context.newPage();
    await page.goto(`${server.url}?view=flight`);
    await mapReady(page);
    const minutes = (count) => page.waitForTimeout((count * 60_000) / TIMES);
    await minutes(2);
    const before = await pageMemory(context, page);
    await minutes(8);
    const after = await pageMemory(context, page);
    assert.ok(after.heap < before.heap * 1.1 + 500_000, `the heap grew from ${before.heap} to ${after.heap} bytes`);
    assert.ok(after.nodes < before.nodes * 1.1 + 200, `from ${before.nodes} to ${after.nodes} nodes`);
    assert.ok(after.listeners < before.listeners * 1.1 + 50, `from ${before.listeners} to ${after.listeners} listeners`);
    await context.close();
    await server.close();
  });
});
