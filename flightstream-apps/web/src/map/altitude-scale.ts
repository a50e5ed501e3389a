import type { Theme } from "../state/theme.js";

export type Rgb = readonly [number, number, number];

export const ALTITUDE_TOP_M = 12_000;

// One order of hues in both themes, taken from "plasma": lightness rises steadily with altitude, so
// the scale still reads without colour vision. Light ground needs darker shades of the same hues.
const STOPS: Record<Theme, readonly Rgb[]> = {
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

export const UNKNOWN_ALTITUDE: Record<Theme, Rgb> = { dark: [148, 160, 178], light: [104, 116, 134] };
export const ON_GROUND: Record<Theme, Rgb> = { dark: [96, 126, 150], light: [120, 146, 166] };

export function altitudeColour(theme: Theme, altitudeM: number): Rgb {
  if (!Number.isFinite(altitudeM)) return UNKNOWN_ALTITUDE[theme];
  const stops = STOPS[theme];
  const position = Math.max(0, Math.min(1, altitudeM / ALTITUDE_TOP_M)) * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(position));
  const from = stops[index]!;
  const to = stops[index + 1]!;
  const share = position - index;
  return [0, 1, 2].map((channel) => Math.round(from[channel]! + (to[channel]! - from[channel]!) * share)) as unknown as Rgb;
}

export function cssColour([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

export function altitudeGradient(theme: Theme): string {
  return `linear-gradient(to right, ${STOPS[theme].map(cssColour).join(", ")})`;
}
