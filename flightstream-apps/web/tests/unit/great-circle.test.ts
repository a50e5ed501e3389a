import assert from "node:assert/strict";
import { test } from "node:test";
import { distanceKm, greatCircle } from "../../src/map/great-circle.js";

const LONDON = { lat: 51.47, lon: -0.4543 };
const NEW_YORK = { lat: 40.6413, lon: -73.7781 };
const AUCKLAND = { lat: -37.01, lon: 174.79 };
const LOS_ANGELES = { lat: 33.94, lon: -118.41 };

test("measures a known distance", () => {
  assert.ok(Math.abs(distanceKm(LONDON, NEW_YORK) - 5_540) < 10);
  assert.equal(distanceKm(LONDON, LONDON), 0);
});

test("starts and ends where it should and bends to the pole between", () => {
  const points = greatCircle(LONDON, NEW_YORK);
  assert.deepEqual(points[0]!.map((degrees) => Number(degrees.toFixed(4))), [-0.4543, 51.47]);
  assert.deepEqual(points.at(-1)!.map((degrees) => Number(degrees.toFixed(4))), [-73.7781, 40.6413]);
  assert.ok(Math.max(...points.map(([, lat]) => lat)) > 52);
});

test("crosses the antimeridian without a jump", () => {
  const points = greatCircle(AUCKLAND, LOS_ANGELES);
  for (let i = 1; i < points.length; i++) {
    assert.ok(Math.abs(points[i]![0] - points[i - 1]![0]) < 5, `jump at ${points[i]}`);
  }
  assert.ok(points.at(-1)![0] > 180);
});

test("copes with a way of no length", () => {
  for (const [lon, lat] of greatCircle(LONDON, LONDON)) {
    assert.ok(Number.isFinite(lon) && Number.isFinite(lat));
  }
});
