import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually } from "./eventually.mjs";
import { usePage } from "./harness.mjs";
import { countPixels } from "./pixels.mjs";

const isCruiseYellow = ([red, green, blue]) => red > 215 && green > 140 && blue < 130;
const isSpeedGreen = ([red, green, blue]) => green > 150 && red < 200 && blue < 150 && green > red + 30;
const isHeat = ([red, green, blue]) => red > 110 && red > green + 50 && blue > green;
const MAP_MIDDLE = { x: 60, y: 160, width: 700, height: 480 };

describe("the map", () => {
  const tools = usePage();
  const { open, get } = tools;
  const count = async (page, accepts) => countPixels(tools.browser, await page.screenshot({ clip: MAP_MIDDLE }), accepts);

  test("shows the aircraft, by altitude and by speed, and moves them", async () => {
    const page = await open("?view=flight", { colorScheme: "dark" });
    assert.ok((await tools.aircraftOnMap(page)) > 0);
    await eventually(async () => assert.ok((await count(page, isCruiseYellow)) > 100));
    await page.locator("label[for=layer-speed]").click();
    await eventually(async () => assert.ok((await count(page, isSpeedGreen)) > 100));
    assert.match(await page.locator("#legend").innerText(), /Speed/);
    const version = () => page.$eval("#map", (map) => Number(map.dataset.version));
    const before = await version();
    await eventually(async () => assert.ok((await version()) > before));
    assert.match(await page.locator("#freshness-text").innerText(), /as of .*\d\d:\d\d:\d\d UTC · .+ behind/);
  });

  test("counts arrivals and departures by airport", async () => {
    const page = await open("?view=flight&layer=arrivals");
    for (const layer of ["arrivals", "departures"]) {
      await page.locator(`label[for=layer-${layer}]`).click();
      await eventually(async () => {
        const { airports } = await get("airports");
        const expected = airports.filter((airport) => airport[layer] > 0 && airport.position).length;
        assert.equal(await page.$eval("#map", (map) => Number(map.dataset.airports)), expected);
      });
    }
  });

  test("shows where the traffic is, as heat and as a grid with counts", async () => {
    const page = await open("", { colorScheme: "dark" });
    await eventually(async () => assert.ok((await count(page, isHeat)) > 100));
    await page.locator("label[for=density-grid]").click();
    await page.locator("#whole-world").click();
    await eventually(async () => {
      const counted = await page.$eval("#map", (map) => Number(map.dataset.counted));
      const { aggregations } = await tools.search({ aggs: { placed: { filter: { exists: { field: "position" } } } } });
      assert.ok(counted > 0 && counted <= aggregations.placed.doc_count);
    });
  });

  test("opens an airport that is pressed", async () => {
    const { airports } = await get("airports?limit=1");
    const { code, position } = airports[0];
    const page = await open(`?density=airports&map=6/${position.lat}/${position.lon}`);
    await page.waitForFunction(() => Number(document.querySelector("#map").dataset.airports) > 0);
    await eventually(async () => {
      const box = await page.locator("#map").boundingBox();
      await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
      assert.equal(await page.$eval("#airport", (card) => card.dataset.airport), code);
    });
  });
});
