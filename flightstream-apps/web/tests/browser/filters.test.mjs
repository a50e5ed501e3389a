import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually } from "./eventually.mjs";
import { usePage } from "./harness.mjs";

describe("the filters", () => {
  const { open, get, search, total, bars, aircraftOnMap } = usePage();

  async function assertShown(page, query, parameters) {
    await eventually(async () => {
      const expected = (await search({ query })).hits.total.value;
      assert.equal(await total(page), expected);
      assert.equal((await get(`flights?limit=1&${parameters}`)).total, expected);
    });
  }

  test("narrow everything down to what was typed, with counts, and back", async () => {
    const page = await open("?view=flight");
    const { suggestions } = await get("suggest?for=airline&limit=3");
    const wanted = suggestions.find(({ value }) => value !== "unknown");
    await page.locator("#filter-airline").click();
    await page.keyboard.type(wanted.value.toLowerCase());
    const row = page.locator(`.facet-list li[data-value="${wanted.value}"]`);
    await row.waitFor();
    await eventually(async () => {
      const [now] = (await get(`suggest?for=airline&q=${wanted.value}&limit=1`)).suggestions;
      assert.equal(await row.getAttribute("data-count"), String(now.count));
      await page.keyboard.press("End");
      await page.keyboard.press("Space");
      await page.keyboard.press("Backspace");
    }, { pause: 400 });
    await row.locator("input").check();
    await page.keyboard.press("Escape");
    const query = { bool: { should: [{ terms: { airline_icao: [wanted.value] } }, { terms: { airline_iata: [wanted.value] } }] } };
    await assertShown(page, query, `airline=${wanted.value}`);
    await eventually(async () => assert.equal(await aircraftOnMap(page), (await search({ query })).hits.total.value));
    assert.ok(new URL(page.url()).searchParams.get("airline") === wanted.value);
    await page.locator("#clear-filters").click();
    await assertShown(page, undefined, "");
    assert.equal(new URL(page.url()).searchParams.get("airline"), null);
  });

  test("of altitude count what they choose", async () => {
    const page = await open("?view=aircraft");
    await page.locator("#filter-altitude").click();
    await page.locator('.facet-list li[data-value="9000..11000"] input').check();
    await assertShown(page, { range: { alt: { gte: 9_000, lt: 11_000 } } }, "altitude=9000..11000");
    await page.locator('.facet-list li[data-value="ground"] input').check();
    await assertShown(page, { term: { on_ground: true } }, "on_ground=true");
  });

  test("work from a panel, and from a link", async () => {
    const page = await open();
    await page.locator("#panel-types button", { hasText: "Domestic" }).click();
    await assertShown(page, { terms: { type: ["Domestic"] } }, "type=Domestic");
    await eventually(async () => {
      assert.deepEqual(Object.fromEntries(await bars(page, "types")), { International: 0, Domestic: await total(page), Unknown: 0 });
    });
    const link = page.url();
    await page.goto("about:blank");
    await page.goto(link);
    await page.waitForFunction(() => Number(document.querySelector("#total")?.dataset.total) > 0);
    await assertShown(page, { terms: { type: ["Domestic"] } }, "type=Domestic");
    assert.match(await page.locator("#filter-type").innerText(), /Domestic/);
  });

  test("find a flight by a part of its name", async () => {
    const page = await open();
    const { hits } = await search({ size: 1, query: { bool: { filter: [{ exists: { field: "flight_iata" } }] } } });
    const flight = hits.hits[0]._source.flight_iata;
    await page.keyboard.press("/");
    await page.keyboard.type(flight.toLowerCase());
    await page.locator(`#finder-list [data-filter="flight"][data-value="${flight}"]`).click();
    await page.locator("#details .facts").waitFor();
    assert.ok((await page.locator("#details").innerText()).includes(flight));
    assert.equal(new URL(page.url()).searchParams.get("view"), "flight");
  });
});
