import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { launchChromium, mapReady, openWatchedPage } from "./chromium.mjs";
import { eventually } from "./eventually.mjs";
import { countPixels } from "./pixels.mjs";
import { pageServer } from "./server.mjs";

const isCruiseYellow = ([red, green, blue]) => red > 215 && green > 140 && blue < 130;
const MAP_MIDDLE = { x: 60, y: 120, width: 700, height: 500 };

describe("dashboard", () => {
  let server;
  let browser;
  let opened;

  async function open(options) {
    opened = await openWatchedPage(browser, server.url, options);
    await mapReady(opened.page);
    await opened.page.waitForFunction(() => Number(document.querySelector("#total").dataset.total) > 0);
    return opened.page;
  }

  async function search(body) {
    const response = await fetch(new URL("api/v1/search", server.url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ size: 0, track_total_hits: true, ...body }),
    });
    assert.equal(response.status, 200, await response.clone().text());
    return response.json();
  }

  const rowsOf = (page, panel) =>
    page.$$eval(`#panel-${panel} tbody tr`, (rows) => rows.map(({ dataset }) => [dataset.key, Number(dataset.count)]));

  before(async () => {
    server = await pageServer();
    browser = await launchChromium();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  afterEach(async () => {
    const problems = opened?.problems ?? [];
    await opened?.context.close();
    opened = undefined;
    assert.deepEqual(problems, [], "the page logged errors, or asked somebody else");
  });

  test("shows the aircraft on the map", async () => {
    const page = await open({ colorScheme: "dark" });
    const shown = await page.$eval("#map", (map) => Number(map.dataset.aircraft));
    assert.ok(shown > 0);
    await eventually(async () => {
      const yellow = await countPixels(browser, await page.screenshot({ clip: MAP_MIDDLE }), isCruiseYellow);
      assert.ok(yellow > 100, `only ${yellow} pixels in the colour of cruising aircraft`);
    });
  });

  test("counts what the server counts", async () => {
    const page = await open();
    await eventually(async () => {
      const total = await page.$eval("#total", (node) => Number(node.dataset.total));
      assert.equal(total, (await search({})).hits.total.value);
      assert.match(await page.title(), new RegExp(`^\\(${total.toLocaleString("en")}\\)`));
    });
  });

  test("counts the types as the server does", async () => {
    const page = await open();
    await eventually(async () => {
      const rows = Object.fromEntries(await rowsOf(page, "types"));
      const { aggregations } = await search({ aggs: { types: { terms: { field: "type", size: 3 } } } });
      const expected = { International: 0, Domestic: 0, Unknown: 0 };
      for (const bucket of aggregations.types.buckets) expected[bucket.key] = bucket.doc_count;
      assert.deepEqual(rows, expected);
    });
  });

  for (const [panel, field] of [["arrivals", "Arrival"], ["departures", "Departure"]]) {
    test(`ranks ${panel} as the server does`, async () => {
      const page = await open();
      await eventually(async () => {
        const rows = await rowsOf(page, panel);
        const { aggregations } = await search({ aggs: { top: { terms: { field, size: 10 } } } });
        assert.ok(rows.length > 0);
        assert.deepEqual(rows, aggregations.top.buckets.map((bucket) => [bucket.key, bucket.doc_count]));
      });
    });
  }

  test("moves while one looks at it", async () => {
    const page = await open();
    const read = () =>
      page.evaluate(() => ({
        version: Number(document.querySelector("#map").dataset.version),
        asOf: document.querySelector("#freshness-text").textContent,
        pipeline: document.querySelector("#panel-pipeline .figures").textContent,
      }));
    const first = await read();
    await eventually(async () => {
      const next = await read();
      assert.ok(next.version > first.version);
      assert.notEqual(next.asOf, first.asOf);
      assert.notEqual(next.pipeline, first.pipeline);
    });
    assert.match((await read()).asOf, /as of .*\d\d:\d\d:\d\d UTC · .+ behind$/);
  });

  test("narrows everything down to one type, and back", async () => {
    const page = await open();
    await page.locator("#panel-types button", { hasText: "Domestic" }).click();
    await eventually(async () => {
      const shown = await page.$eval("#total", (node) => Number(node.dataset.total));
      const expected = await search({ query: { terms: { type: ["Domestic"] } } });
      assert.equal(shown, expected.hits.total.value);
      assert.deepEqual(Object.fromEntries(await rowsOf(page, "types")), { International: 0, Domestic: shown, Unknown: 0 });
    });
    await page.locator("#clear-filter").click();
    await eventually(async () => {
      const shown = await page.$eval("#total", (node) => Number(node.dataset.total));
      assert.equal(shown, (await search({})).hits.total.value);
    });
  });

  test("can be worked with the keyboard alone", async () => {
    const page = await open();
    const reached = [];
    for (let presses = 0; presses < 25; presses++) {
      await page.keyboard.press("Tab");
      const focused = await page.evaluate(() => {
        const node = document.activeElement;
        if (node === document.body) return null;
        const name = node.id || node.className || node.textContent;
        return { name, visible: getComputedStyle(node).outlineStyle !== "none" };
      });
      if (!focused || reached.includes(focused.name)) continue;
      assert.ok(focused.visible, `${focused.name} shows no focus`);
      reached.push(focused.name);
    }
    for (const name of ["skip-link", "theme-toggle", "zoom-in", "zoom-out", "whole-world", "bar-label", "Licences"]) {
      assert.ok(reached.includes(name), `Tab never reaches ${name}, only ${reached.join(", ")}`);
    }

    await page.locator("#map canvas").focus();
    await page.keyboard.press("Enter");
    await page.locator("#details .facts").waitFor();
    const hex = await page.$eval("#details", (card) => card.dataset.hex);
    assert.match(hex, /^~?[0-9A-F]{6}$/);
    await page.keyboard.press("Escape");
    await page.locator("#details").waitFor({ state: "hidden" });
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "CANVAS");
  });

  test("shows the same flight as the server", async () => {
    const page = await open();
    await page.locator("#map canvas").focus();
    await page.keyboard.press("Enter");
    await page.locator("#details .facts").waitFor();
    const hex = await page.$eval("#details", (card) => card.dataset.hex);
    const flight = await (await fetch(new URL(`api/v1/flights/${hex}`, server.url))).json();
    const card = await page.locator("#details").innerText();
    assert.ok(card.includes(hex));
    for (const expected of [flight.flight_iata ?? flight.flight_icao, flight.dep_iata, flight.arr_iata, flight.aircraft_icao]) {
      if (expected) assert.ok(card.includes(expected), `${expected} is not in:\n${card}`);
    }
    assert.match(card, /Last report .+ ago/);
  });

  test("changes the theme and remembers it", async () => {
    const page = await open({ colorScheme: "dark" });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const toggle = page.locator("#theme-toggle");
    const dark = await ground();
    assert.equal(await toggle.getAttribute("aria-pressed"), "true");
    await toggle.click();
    const light = await ground();
    assert.notEqual(light, dark);
    assert.equal(await toggle.getAttribute("aria-pressed"), "false");
    await page.reload();
    await mapReady(page);
    assert.equal(await ground(), light);
  });

  for (const width of [320, 390]) {
    test(`fits a phone ${width} pixels wide`, async () => {
      const page = await open({ viewport: { width, height: 720 }, hasTouch: true, isMobile: true });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
      for (const selector of [".top-bar", "#theme-toggle", "#zoom-in", "#zoom-out", "#legend", "#panels", "#total"]) {
        const box = await page.locator(selector).boundingBox();
        assert.ok(box && box.x >= 0 && box.x + box.width <= width, `${selector} is off the screen`);
      }
      const sheet = page.locator("#panels");
      const closed = (await sheet.boundingBox()).height;
      const toggle = page.locator("#sheet-toggle");
      await toggle.tap();
      assert.equal(await toggle.getAttribute("aria-expanded"), "true");
      await eventually(async () => assert.ok((await sheet.boundingBox()).height > closed * 1.5));
      await page.locator("#panel-pipeline").scrollIntoViewIfNeeded();
      await toggle.tap();
      await eventually(async () => assert.equal((await sheet.boundingBox()).height, closed));
    });
  }

  test("gives every control a name and the page its landmarks", async () => {
    const page = await open();
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
    for (const role of ["main", "banner", "contentinfo", "complementary"]) {
      assert.equal(await page.getByRole(role).count(), 1, role);
    }
    const nameless = await page.$$eval("button, a", (controls) =>
      controls.filter((each) => !(each.getAttribute("aria-label") || each.textContent.trim()) && !each.hidden).map((each) => each.outerHTML),
    );
    assert.deepEqual(nameless, []);
    assert.equal(await page.getByRole("table").count(), 3);
  });
});
