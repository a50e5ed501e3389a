import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_EXTRAPOLATION_S, extrapolationSeconds, mercatorVelocity } from "../../src/map/dead-reckoning.js";
import { distanceKm } from "../../src/map/great-circle.js";
import { latitudeOf, longitudeOf, mercatorX, mercatorY } from "../../src/map/mercator.js";

function advanced(lat: number, lon: number, speedKmh: number, trackDeg: number, seconds: number) {
  const velocity = mercatorVelocity(lat, speedKmh, trackDeg);
  return {
    lat: latitudeOf(mercatorY(lat) + velocity.y * seconds),
    lon: longitudeOf(mercatorX(lon) + velocity.x * seconds),
  };
}

for (const lat of [0, 50, -50, 70]) {
  for (const track of [0, 45, 90, 180, 270, 315]) {
    test(`covers the right distance at latitude ${lat}, track ${track}`, () => {
      const start = { lat, lon: 10 };
      const end = advanced(lat, 10, 900, track, 60);
      // 900 km/h for a minute is 15 km; half a percent is the price of one scale for the whole step.
      assert.ok(Math.abs(distanceKm(start, end) - 15) < 0.075, `${distanceKm(start, end)} km`);
    });
  }
}

test("moves north and east in the right sense", () => {
  const northEast = advanced(40, -70, 800, 45, 60);
  assert.ok(northEast.lat > 40 && northEast.lon > -70);
  const southWest = advanced(40, -70, 800, 225, 60);
  assert.ok(southWest.lat < 40 && southWest.lon < -70);
});

test("leaves an aircraft where it is when speed or track is unknown", () => {
  assert.deepEqual(mercatorVelocity(50, NaN, 90), { x: 0, y: 0 });
  assert.deepEqual(mercatorVelocity(50, 800, NaN), { x: 0, y: 0 });
});

test("stays finite at the poles", () => {
  const velocity = mercatorVelocity(90, 900, 90);
  assert.ok(Number.isFinite(velocity.x) && Number.isFinite(velocity.y));
});

test("extrapolates neither backwards nor for ever", () => {
  assert.equal(extrapolationSeconds(-5), 0);
  assert.equal(extrapolationSeconds(12), 12);
  assert.equal(extrapolationSeconds(3_600), MAX_EXTRAPOLATION_S);
});
