import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { formatAltitude, formatBytes, formatClimb, formatDistance, formatHeading, formatSpeed } from "../../src/format.js";
import { ReplayClock } from "../../src/replay/replay-clock.js";
import { chooseUnits } from "../../src/state/units.js";

afterEach(() => chooseUnits("metric"));

test("metric units are those of the data", () => {
  assert.equal(formatAltitude(10_668), "10,668 m");
  assert.equal(formatSpeed(828), "828 km/h");
  assert.equal(formatDistance(812.4), "812 km");
  assert.equal(formatClimb(9), "+9 m/s");
});

test("aviation units are feet, knots, nautical miles and feet a minute", () => {
  chooseUnits("aviation");
  assert.equal(formatAltitude(10_668), "35,000 ft");
  assert.equal(formatSpeed(828), "447 kt");
  assert.equal(formatDistance(1_852), "1,000 NM");
  assert.equal(formatClimb(-5.08), "-1,000 ft/min");
});

test("headings and sizes", () => {
  assert.equal(formatHeading(-90), "270° W");
  assert.equal(formatHeading(359.6), "360° N");
  assert.equal(formatBytes(0), "0 B");
  assert.equal(formatBytes(48_000), "46.9 KiB");
});

test("a replay's clock runs at its speed, or stands still", () => {
  const clock = new ReplayClock();
  assert.equal(clock.now(5), null);
  clock.set(1_000_000, 30, 0);
  assert.equal(clock.now(2_000), 1_060_000);
  clock.set(clock.now(2_000), 0, 2_000);
  assert.equal(clock.now(9_000), 1_060_000);
  clock.set(null, 30, 9_000);
  assert.equal(clock.now(9_500), null);
});
