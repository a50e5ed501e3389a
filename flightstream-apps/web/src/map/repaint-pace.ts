import { TILE_SIZE_PX, mercatorPerMetre } from "./mercator.js";

const TYPICAL_SPEED_MS = 250;
const STEP_PX = 0.4;
const SLOWEST_MS = 1_000;
const FASTEST_MS = 33;

/**
 * Milliseconds between frames, so that a fast aircraft moves by less than half a pixel in one. Far
 * out that is one frame a second: redrawing more often would cost power and show nothing new.
 */
export function repaintIntervalMs(zoom: number, latitude: number): number {
  const pxPerSecond = TYPICAL_SPEED_MS * mercatorPerMetre(latitude) * TILE_SIZE_PX * 2 ** zoom;
  return Math.max(FASTEST_MS, Math.min(SLOWEST_MS, (STEP_PX / pxPerSecond) * 1000));
}
