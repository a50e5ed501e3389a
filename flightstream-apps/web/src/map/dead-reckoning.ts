import { mercatorPerMetre } from "./mercator.js";

/** An aircraft silent for longer than this is no longer moved: where it went is a guess by then. */
export const MAX_EXTRAPOLATION_S = 90;

const RADIANS = Math.PI / 180;
const MS_PER_KMH = 1 / 3.6;

export interface MercatorVelocity {
  /** Mercator units a second. */
  x: number;
  y: number;
}

/** Zero where speed or track is unknown: such an aircraft stays where it was reported. */
export function mercatorVelocity(lat: number, speedKmh: number, trackDeg: number): MercatorVelocity {
  if (!Number.isFinite(speedKmh) || !Number.isFinite(trackDeg)) return { x: 0, y: 0 };
  const unitsPerSecond = speedKmh * MS_PER_KMH * mercatorPerMetre(lat);
  return {
    x: unitsPerSecond * Math.sin(trackDeg * RADIANS),
    y: -unitsPerSecond * Math.cos(trackDeg * RADIANS),
  };
}

/** Seconds to extrapolate over, for a report of that age. */
export function extrapolationSeconds(ageS: number): number {
  return Math.max(0, Math.min(MAX_EXTRAPOLATION_S, ageS));
}
