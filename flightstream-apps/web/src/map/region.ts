import type { Fleet } from "./fleet.js";
import { latitudeOf, longitudeOf } from "./mercator.js";

/** A fleet wider than this is the world's, for which the first view is right as it is. */
const REGIONAL_WIDTH_DEG = 100;
const OUTLIERS = 0.02;

/**
 * Where nearly all aircraft are, as [west, south, east, north]: the first view of a single receiver's
 * data should not be a dot on the globe. Null for data from all over the world.
 */
export function regionOf(fleet: Fleet): [number, number, number, number] | null {
  const longitudes = [...fleet.x.subarray(0, fleet.count)].map(longitudeOf).sort(ascending);
  const latitudes = [...fleet.y.subarray(0, fleet.count)].map(latitudeOf).sort(ascending);
  const [west, east] = innerRange(longitudes);
  const [south, north] = innerRange(latitudes);
  return east - west < REGIONAL_WIDTH_DEG ? [west, south, east, north] : null;
}

function innerRange(sorted: readonly number[]): [number, number] {
  const skipped = Math.floor(sorted.length * OUTLIERS);
  return [sorted[skipped]!, sorted[sorted.length - 1 - skipped]!];
}

function ascending(a: number, b: number): number {
  return a - b;
}
