import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually } from "./eventually.mjs";
import { usePage } from "./harness.mjs";

describe("the figures", () => {
  const { open, get, search, total, bars, numbers } = usePage();
  const counts = (buckets) => buckets.map(({ key, doc_count }) => [key, doc_count]);

  test("of the Airport view are the server's", async () => {
    const page = await open();
    await eventually(async () => {
      const shown = await total(page);
      assert.equal(shown, (await search({})).hits.total.value);
      assert.match(await page.title(), new RegExp(`^\\(${shown.toLocaleString("en")}\\)`));
    });
    await eventually(async () => {
      const rows = Object.fromEntries(await bars(page, "types"));
      assert.deepEqual(rows, (await get("stats/summary")).by_type);
    });
    for (const [panel, field] of [["arrivals", "Arrival"], ["departures", "Departure"]]) {
      await eventually(async () => {
        const rows = await bars(page, panel);
        const aggs = { top: { terms: { field, size: 10 }, aggs: { types: { terms: { field: "type", size: 3 } } } } };
        const { aggregations } = await search({ aggs });
        assert.ok(rows.length > 0);
        assert.deepEqual(rows, counts(aggregations.top.buckets));
        const split = await page.$$eval(`#panel-${panel} tbody tr`, (each) =>
          each.map((row) => [...row.querySelectorAll(".segment")].map(({ dataset }) => [dataset.kind, Number(dataset.value)]).filter(([, value]) => value > 0)),
        );
        const expected = aggregations.top.buckets.map(({ types }) => Object.fromEntries(counts(types.buckets)));
        assert.deepEqual(split.map((row) => Object.fromEntries(row)), expected);
      });
    }
    await eventually(async () => {
      const { available, windows } = await get("stats/throughput");
      const expected = available ? windows.map(({ from, arrivals }) => [String(from), arrivals]) : [];
      assert.deepEqual(await numbers(page, "#panel-throughput"), expected);
    });
  });

  test("of the Flight view are the server's", async () => {
    const page = await open("?view=flight");
    for (const [panel, by] of [["aircraft-treemap", "aircraft"], ["country-treemap", "country"]]) {
      await eventually(async () => {
        const { groups } = await get(`stats/treemap?by=${by}&groups=18`);
        assert.deepEqual(await numbers(page, `#panel-${panel}`), groups.map(({ key, count }) => [key, count]));
      });
    }
    await eventually(async () => {
      const { by_status } = await get("stats/summary");
      const counted = Object.entries(by_status).filter(([, count]) => count > 0);
      assert.deepEqual(Object.fromEntries(await bars(page, "status")), Object.fromEntries(counted));
    });
  });

  test("of the Aircraft view are the server's", async () => {
    const page = await open("?view=aircraft");
    // The page and this test ask at two moments, between which some aircraft may have reported.
    const assertShown = (shown, served) => {
      assert.deepEqual(shown.map(([key]) => key), served.map(([key]) => key));
      for (const [at, [key, value]] of shown.entries()) {
        assert.ok(Math.abs(value - served[at][1]) <= 0.005 * served[at][1] + 0.05, `${key}: ${value}, served ${served[at][1]}`);
      }
    };
    const byKey = (rows) => rows.toSorted(([one], [other]) => (one < other ? -1 : 1));
    await eventually(async () => {
      const [gauges, fastest, bands] = await Promise.all([
        numbers(page, "#panel-speeds"),
        bars(page, "fastest-types"),
        numbers(page, "#panel-speed-by-altitude"),
      ]);
      const { airborne, fastest_types, by_altitude } = await get("stats/speeds");
      assertShown(gauges, [["mean", airborne.mean], ["max", airborne.max]]);
      // Types whose means are all but equal may stand in either order.
      const means = fastest.map(([, mean]) => mean);
      assert.deepEqual(means, [...means].sort((a, b) => b - a));
      assertShown(byKey(fastest), byKey(fastest_types.map(({ key, mean }) => [key, mean])));
      assertShown(bands, by_altitude.filter(({ count }) => count > 0).map(({ from, mean }) => [String(from), mean]));
    });
  });

  test("of the Stream view are the server's", async () => {
    const page = await open("?view=stream");
    await eventually(async () => {
      const { stages, rejected } = await get("pipeline");
      assert.deepEqual((await numbers(page, "#panel-topology")).map(([key]) => key), stages.map(({ name }) => name));
      const shown = Object.fromEntries(await bars(page, "rejects"));
      assert.deepEqual(shown, Object.fromEntries(rejected.map(({ reason, count }) => [reason, count])));
      const partitions = await page.$$eval("#panel-partitions tbody tr", (rows) => rows.length);
      assert.equal(partitions, stages.reduce((sum, stage) => sum + stage.partitions.length, 0));
    });
    // What runs already may be a recording that has ended, in which nothing moves any more.
    if (process.env.FLIGHTSTREAM_URL) return;
    const read = () => page.locator("#panel-topology .chart-table").textContent();
    const first = await read();
    await eventually(async () => assert.notEqual(await read(), first));
  });

  test("of an airport's boards are the server's", async () => {
    const [{ code }] = (await get("airports?limit=1")).airports;
    const page = await open(`?airport=${code}`);
    for (const side of ["inbound", "outbound"]) {
      await page.locator(`.board-tabs [data-side="${side}"]`).click();
      await eventually(async () => {
        const board = (await get(`airports/${code}?limit=200`))[side];
        const tab = await page.$eval(`.board-tabs [data-side="${side}"]`, ({ dataset }) => Number(dataset.count));
        assert.equal(tab, board.total);
        const rows = await page.$$eval(".board-table tbody tr", (each) => each.map(({ dataset }) => dataset.hex));
        assert.deepEqual(rows.sort(), board.rows.map(({ hex }) => hex).sort());
      });
    }
    await page.locator(".board-table tbody button").first().click();
    await page.locator("#details .facts").waitFor();
    assert.ok(await page.locator("#airport").isHidden());
  });

  test("of one flight are the server's", async () => {
    const page = await open("?view=flight");
    await page.locator("#map canvas").focus();
    await page.keyboard.press("Enter");
    await page.locator("#details .facts").waitFor();
    const hex = await page.$eval("#details", (card) => card.dataset.hex);
    const flight = await get(`flights/${hex}`);
    const card = await page.locator("#details").innerText();
    for (const expected of [hex, flight.flight_iata ?? flight.flight_icao, flight.dep_iata, flight.arr_iata, flight.aircraft_icao]) {
      if (expected) assert.ok(card.includes(expected), `${expected} is not in:\n${card}`);
    }
    assert.match(card, /Last report .+ ago/);
    if (flight.route?.progress !== undefined) {
      const progress = await page.$eval(".route-progress", ({ dataset }) => Number(dataset.progress));
      assert.ok(Math.abs(progress - flight.route.progress) < 0.02);
    }
    await page.locator("#details .legs tbody tr").first().waitFor();
  });
});
