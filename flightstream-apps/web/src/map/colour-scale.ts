import type { Theme } from "../state/theme.js";

export type Rgb = readonly [number, number, number];

export const ALTITUDE_TOP_M = 12_000;
export const SPEED_TOP_KMH = 1_000;

// One order of hues in both themes, taken from "plasma": lightness rises steadily with altitude, so
// the scale still reads without colour vision. Light ground needs darker shades of the same hues.
const ALTITUDE_STOPS: Record<Theme, readonly Rgb[]> = {
  dark: [
    [134, 88, 232],
    [184, 84, 200],
    [226, 96, 148],
    [244, 130, 96],
    [250, 178, 64],
    [250, 226, 96],
  ],
  light: [
    [62, 28, 146],
    [122, 24, 160],
    [178, 40, 128],
    [214, 76, 76],
    [230, 122, 30],
    [236, 166, 6],
  ],
};

// After "viridis", so that one sees at a glance which of the two scales is on.
const SPEED_STOPS: Record<Theme, readonly Rgb[]> = {
  dark: [
    [112, 92, 190],
    [74, 124, 204],
    [44, 158, 180],
    [62, 190, 132],
    [150, 214, 84],
    [246, 232, 74],
  ],
  light: [
    [68, 20, 110],
    [58, 70, 148],
    [24, 112, 150],
    [16, 140, 112],
    [88, 160, 40],
    [180, 170, 0],
  ],
};

export const UNKNOWN: Record<Theme, Rgb> = { dark: [148, 160, 178], light: [104, 116, 134] };
export const ON_GROUND: Record<Theme, Rgb> = { dark: [96, 126, 150], light: [120, 146, 166] };
/** Aircraft that are only the background of something else. */
export const PLAIN: Record<Theme, Rgb> = { dark: [128, 150, 176], light: [110, 126, 146] };

/** NaN is not known. */
export function altitudeColour(theme: Theme, metres: number): Rgb {
  return colourAt(ALTITUDE_STOPS[theme], metres / ALTITUDE_TOP_M) ?? UNKNOWN[theme];
}

/** NaN is not known. */
export function speedColour(theme: Theme, kmh: number): Rgb {
  return colourAt(SPEED_STOPS[theme], kmh / SPEED_TOP_KMH) ?? UNKNOWN[theme];
}

function colourAt(stops: readonly Rgb[], share: number): Rgb | null {
  if (!Number.isFinite(share)) return null;
  const position = Math.max(0, Math.min(1, share)) * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(position));
  const from = stops[index]!;
  const to = stops[index + 1]!;
  const part = position - index;
  return [0, 1, 2].map((channel) => Math.round(from[channel]! + (to[channel]! - from[channel]!) * part)) as unknown as Rgb;
}

export function cssColour([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

/** As a style of the map wants it. */
export function hexColour(colour: Rgb): string {
  return `#${colour.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

export function gradient(scale: "altitude" | "speed", theme: Theme): string {
  const stops = scale === "altitude" ? ALTITUDE_STOPS : SPEED_STOPS;
  return `linear-gradient(to right, ${stops[theme].map(cssColour).join(", ")})`;
}
