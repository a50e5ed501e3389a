import assert from "node:assert/strict";
import { test } from "node:test";
import { areaToLoad, boxParameter, contains } from "../../src/map/viewport.js";
import { repaintIntervalMs } from "../../src/map/repaint-pace.js";
import { mergeAggregations, resultsFor } from "../../src/panels/merged-aggregations.js";
import { DataClock } from "../../src/state/data-clock.js";

test("the data's clock runs on between ticks", () => {
  const clock = new DataClock();
  assert.equal(clock.now(0), null);
  clock.synchronise(1_706_705_158_000, 5_000);
  assert.equal(clock.now(5_250), 1_706_705_158_250);
});

test("the data's clock smooths jitter and follows a jump", () => {
  const clock = new DataClock();
  clock.synchronise(100_000, 0);
  clock.synchronise(101_500, 1_000);
  assert.equal(clock.now(1_000), 101_100);
  clock.synchronise(900_000, 2_000);
  assert.equal(clock.now(2_000), 900_000);
});

test("each panel gets its own results back from the shared request", () => {
  const terms = (field: string) => ({ top: { terms: { field, size: 3 } } });
  const arrivals = { id: "arrivals", aggs: terms("Arrival") };
  const departures = { id: "departures", aggs: terms("Departure") };
  const merged = mergeAggregations([arrivals, departures]);
  assert.deepEqual(merged, { arrivals__top: terms("Arrival").top, departures__top: terms("Departure").top });
  assert.deepEqual(resultsFor(departures, { arrivals__top: "a", departures__top: "d" }), { top: "d" });
});

const EUROPE = { south: 40, west: -10, north: 60, east: 20 };

test("only the visible part is loaded when there is much to load and the view is close", () => {
  assert.equal(areaToLoad({ zoom: 6, box: EUROPE }, 5_000), null);
  assert.equal(areaToLoad({ zoom: 2, box: EUROPE }, 50_000), null);
  const area = areaToLoad({ zoom: 6, box: EUROPE }, 50_000);
  assert.deepEqual(area, { south: 30, west: -25, north: 70, east: 35 });
  assert.ok(contains(area, EUROPE));
  assert.ok(!contains(area, { ...EUROPE, east: 40 }));
});

test("a view over the antimeridian loads the world", () => {
  assert.equal(areaToLoad({ zoom: 6, box: { south: -40, west: 170, north: -10, east: 190 } }, 50_000), null);
});

test("what is looked at is asked for in longitudes from -180 to 180", () => {
  const turn = { ...EUROPE, west: -168, east: 191.99999999 };
  assert.deepEqual(boxParameter({ zoom: 1, box: turn }), {}, "all of the world, but for a rounding");
  assert.deepEqual(boxParameter({ zoom: 3, box: EUROPE }), { bbox: "40.0000,-10.0000,60.0000,20.0000" });
  assert.deepEqual(boxParameter({ zoom: 3, box: { ...EUROPE, west: 170, east: 190 } }), { bbox: "40.0000,170.0000,60.0000,-170.0000" });
  assert.deepEqual(boxParameter({ zoom: 0, box: { ...EUROPE, west: -200, east: 200 } }), {});
});

test("the map repaints once a second far out and smoothly close up", () => {
  assert.equal(repaintIntervalMs(2, 0), 1_000);
  assert.ok(repaintIntervalMs(7, 50) < 1_000);
  assert.equal(repaintIntervalMs(13, 50), 33);
});
