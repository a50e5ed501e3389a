import type { Theme } from "../state/theme.js";
import { ON_GROUND, PLAIN, type Rgb, altitudeColour, speedColour } from "./colour-scale.js";
import type { Fleet } from "./fleet.js";
import { SHAPE_SIZES } from "./aircraft-shapes.js";

export const INSTANCE_BYTES = 32;
export const POSITION_OFFSET = 0;
export const VELOCITY_OFFSET = 8;
export const EVENT_TIME_OFFSET = 16;
export const TRACK_AND_SCALE_OFFSET = 20;
export const COLOUR_OFFSET = 24;
export const SHAPE_OFFSET = 28;

const WORLD = 2 ** 32;
/** Shares of twice the icon size. */
export const NORMAL_SCALE = 0.42;
const GROUND_SCALE = 0.3;
export const SELECTED_SCALE = 0.9;
const NORMAL_ALPHA = 245;
const GROUND_ALPHA = 170;
const PLAIN_ALPHA = 110;

export type ColourBy = "altitude" | "speed" | "plain";

export interface PackOptions {
  theme: Theme;
  colourBy: ColourBy;
  selectedAddress: number | null;
  /** Unix seconds; aircraft heard of last before are left out. */
  notBefore: number;
  /** Event times are stored relative to this, for a 32-bit float cannot hold Unix seconds. */
  baseTime: number;
}

export interface PackedAircraft {
  bytes: ArrayBuffer;
  count: number;
}

/** Fixed-point position in which 0 is the centre of the world and overflow wraps around it. */
export function fixedPoint(mercator: number): number {
  return Math.round((mercator - 0.5) * WORLD) | 0;
}

/** Lays the fleet out as the vertex shader reads it, the selected aircraft last and so on top. */
export function packAircraft(fleet: Fleet, options: PackOptions): PackedAircraft {
  const bytes = new ArrayBuffer(fleet.count * INSTANCE_BYTES);
  const view = new DataView(bytes);
  const selectedRow = options.selectedAddress === null ? undefined : fleet.rowOf(options.selectedAddress);
  let count = 0;
  for (let row = 0; row < fleet.count; row++) {
    if (row === selectedRow || fleet.eventTime[row]! < options.notBefore) continue;
    packRow(view, count++, fleet, row, options, false);
  }
  if (selectedRow !== undefined) packRow(view, count++, fleet, selectedRow, options, true);
  return { bytes, count };
}

function packRow(view: DataView, slot: number, fleet: Fleet, row: number, options: PackOptions, selected: boolean): void {
  const at = slot * INSTANCE_BYTES;
  const onGround = fleet.onGround[row] === 1;
  const colour = colourOf(fleet, row, options);
  const category = fleet.category[row]!;
  const scale = selected ? SELECTED_SCALE : (onGround ? GROUND_SCALE : NORMAL_SCALE) * (SHAPE_SIZES[category] ?? 1);
  view.setInt32(at + POSITION_OFFSET, fixedPoint(fleet.x[row]!), true);
  view.setInt32(at + POSITION_OFFSET + 4, fixedPoint(fleet.y[row]!), true);
  view.setFloat32(at + VELOCITY_OFFSET, fleet.velocityX[row]!, true);
  view.setFloat32(at + VELOCITY_OFFSET + 4, fleet.velocityY[row]!, true);
  view.setFloat32(at + EVENT_TIME_OFFSET, fleet.eventTime[row]! - options.baseTime, true);
  view.setUint16(at + TRACK_AND_SCALE_OFFSET, Math.round(((fleet.trackDeg[row]! % 360) / 360) * 65535), true);
  view.setUint16(at + TRACK_AND_SCALE_OFFSET + 2, Math.round(scale * 65535), true);
  view.setUint8(at + COLOUR_OFFSET, colour[0]);
  view.setUint8(at + COLOUR_OFFSET + 1, colour[1]);
  view.setUint8(at + COLOUR_OFFSET + 2, colour[2]);
  view.setUint8(at + COLOUR_OFFSET + 3, options.colourBy === "plain" ? PLAIN_ALPHA : onGround ? GROUND_ALPHA : NORMAL_ALPHA);
  view.setUint8(at + SHAPE_OFFSET, category);
}

function colourOf(fleet: Fleet, row: number, { theme, colourBy }: PackOptions): Rgb {
  if (colourBy === "plain") return PLAIN[theme];
  if (fleet.onGround[row] === 1) return ON_GROUND[theme];
  return colourBy === "speed" ? speedColour(theme, fleet.speedKmh[row]!) : altitudeColour(theme, fleet.altitudeM[row]!);
}
