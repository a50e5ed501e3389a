// What every file of browser tests shares: one server, one browser, and pages that must not log errors.
import assert from "node:assert/strict";
import { after, afterEach, before } from "node:test";
import { launchChromium, mapReady, openWatchedPage } from "./chromium.mjs";
import { pageServer } from "./server.mjs";

export const NO_DATA = { size: 0, track_total_hits: true };

/** Call inside `describe`. */
export function usePage() {
  const tools = { server: null, browser: null };
  let opened;

  before(async () => {
    tools.server = await pageServer();
    tools.browser = await launchChromium();
  });

  after(async () => {
    await tools.browser?.close();
    await tools.server?.close();
  });

  afterEach(async () => {
    const problems = opened?.problems ?? [];
    await opened?.context.close();
    opened = undefined;
    assert.deepEqual(problems, [], "the page logged errors, or asked somebody else");
  });

  /** Opens the page at a link and waits for its figures, and for the map where there is one. */
  tools.open = async (link = "", options = {}) => {
    opened = await openWatchedPage(tools.browser, new URL(link, tools.server.url).href, options);
    const { page } = opened;
    await page.waitForFunction(() => Number(document.querySelector("#total")?.dataset.total) > 0);
    if (!/view=(aircraft|stream)/.test(link)) await mapReady(page);
    return page;
  };

  tools.get = async (path) => {
    const response = await fetch(new URL(`api/v1/${path}`, tools.server.url));
    assert.equal(response.status, 200, `${path}: ${await response.clone().text()}`);
    return response.json();
  };

  tools.search = async (body) => {
    const response = await fetch(new URL("api/v1/search", tools.server.url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...NO_DATA, ...body }),
    });
    assert.equal(response.status, 200, await response.clone().text());
    return response.json();
  };

  tools.total = (page) => page.$eval("#total", (node) => Number(node.dataset.total));
  tools.aircraftOnMap = (page) => page.$eval("#map", (map) => Number(map.dataset.aircraft));

  /** Keys and counts of a bar table. */
  tools.bars = (page, panel) =>
    page.$$eval(`#panel-${panel} .bars tbody tr`, (rows) => rows.map(({ dataset }) => [dataset.key, Number(dataset.count)]));

  /** Keys and values of the table behind a chart. */
  tools.numbers = (page, within) =>
    page.$$eval(`${within} .chart-table tbody tr`, (rows) => rows.map(({ dataset }) => [dataset.key, Number(dataset.value)]));

  return tools;
}
