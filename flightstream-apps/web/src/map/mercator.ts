// Web Mercator on the unit square, as MapLibre uses it: x grows east from 180° W, y grows south.
export const EARTH_CIRCUMFERENCE_M = 40_075_016.686;
export const MAX_MERCATOR_LATITUDE = 85.051129;
export const TILE_SIZE_PX = 512;

const RADIANS = Math.PI / 180;

export function mercatorX(lon: number): number {
  return lon / 360 + 0.5;
}

export function mercatorY(lat: number): number {
  const clamped = Math.max(-MAX_MERCATOR_LATITUDE, Math.min(MAX_MERCATOR_LATITUDE, lat));
  return 0.5 - Math.log(Math.tan(Math.PI / 4 + (clamped * RADIANS) / 2)) / (2 * Math.PI);
}

export function longitudeOf(x: number): number {
  return (x - 0.5) * 360;
}

export function latitudeOf(y: number): number {
  return (2 * Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) - Math.PI / 2) / RADIANS;
}

/** Mercator units that one metre on the ground spans at this latitude. */
export function mercatorPerMetre(lat: number): number {
  const clamped = Math.max(-MAX_MERCATOR_LATITUDE, Math.min(MAX_MERCATOR_LATITUDE, lat));
  return 1 / (EARTH_CIRCUMFERENCE_M * Math.cos(clamped * RADIANS));
}
