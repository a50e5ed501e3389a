import { Category } from "../api/positions-codec.js";

type Point = readonly [number, number];

// Right halves of aircraft seen from above, nose up, on a square from -1 to 1.
const NARROW_BODY: readonly Point[] = [
  [0, -0.96], [0.06, -0.88], [0.1, -0.74], [0.11, -0.3], [0.94, 0.3], [0.94, 0.44], [0.11, 0.18],
  [0.085, 0.58], [0.38, 0.8], [0.38, 0.91], [0.06, 0.82], [0, 0.92],
];
const WIDE_BODY: readonly Point[] = [
  [0, -1], [0.09, -0.9], [0.14, -0.72], [0.15, -0.36], [0.38, -0.15], [0.38, -0.28], [0.46, -0.28], [0.47, -0.07],
  [1, 0.38], [1, 0.5], [0.15, 0.2], [0.11, 0.6], [0.42, 0.84], [0.42, 0.95], [0.07, 0.84], [0, 0.98],
];
const TURBOPROP: readonly Point[] = [
  [0, -0.92], [0.08, -0.8], [0.1, -0.26], [0.3, -0.23], [0.3, -0.4], [0.4, -0.4], [0.4, -0.21], [0.95, -0.12],
  [0.95, 0.02], [0.1, 0.06], [0.07, 0.62], [0.36, 0.68], [0.36, 0.82], [0.05, 0.82], [0, 0.9],
];
const BUSINESS_JET: readonly Point[] = [
  [0, -0.9], [0.07, -0.72], [0.09, -0.12], [0.72, 0.26], [0.72, 0.36], [0.09, 0.24], [0.09, 0.34], [0.22, 0.36],
  [0.22, 0.58], [0.08, 0.6], [0.36, 0.78], [0.36, 0.88], [0.04, 0.84], [0, 0.9],
];
const LIGHT: readonly Point[] = [
  [0, -0.78], [0.1, -0.7], [0.12, -0.34], [0.92, -0.28], [0.92, -0.04], [0.12, 0.02], [0.06, 0.56], [0.36, 0.6],
  [0.36, 0.78], [0, 0.78],
];
// A fuselage with its tail rotor and, as four blades, what one knows a helicopter by.
const HELICOPTER: readonly Point[] = [
  [0, -0.62], [0.14, -0.56], [0.66, -0.86], [0.74, -0.76], [0.22, -0.28], [0.2, -0.14], [0.72, 0.38], [0.62, 0.48],
  [0.14, 0.1], [0.05, 0.26], [0.05, 0.74], [0.24, 0.74], [0.24, 0.86], [0, 0.86],
];

const OUTLINES: Record<Category, readonly Point[]> = {
  [Category.Unknown]: NARROW_BODY,
  [Category.Light]: LIGHT,
  [Category.Turboprop]: TURBOPROP,
  [Category.BusinessJet]: BUSINESS_JET,
  [Category.NarrowBody]: NARROW_BODY,
  [Category.WideBody]: WIDE_BODY,
  [Category.Helicopter]: HELICOPTER,
};

/** How large each is drawn beside a narrow-body. */
export const SHAPE_SIZES: Record<number, number> = {
  [Category.Unknown]: 1,
  [Category.Light]: 0.78,
  [Category.Turboprop]: 0.88,
  [Category.BusinessJet]: 0.86,
  [Category.NarrowBody]: 1,
  [Category.WideBody]: 1.18,
  [Category.Helicopter]: 0.84,
};

export const SHAPE_COUNT = Object.keys(OUTLINES).length;
export const SHAPE_TEXELS = 64;
/** Distances beyond this many texels from the outline are not told apart. */
export const SHAPE_RANGE_TEXELS = 10;
/** The shape leaves this share of the square free, so that its halo is not cut off. */
const SHAPE_SCALE = 0.8;

/**
 * All shapes, one after the other, as signed distance fields: 0.5 on the outline, more inside. Unlike
 * bitmaps they stay sharp at every size and rotation, and give the halo for free.
 */
export function shapeDistanceFields(): Uint8Array {
  const fields = new Uint8Array(SHAPE_COUNT * SHAPE_TEXELS * SHAPE_TEXELS);
  const drawn = new Map<readonly Point[], Uint8Array>();
  for (let category = 0; category < SHAPE_COUNT; category++) {
    const outline = OUTLINES[category as Category];
    const field = drawn.get(outline) ?? distanceField(outline);
    drawn.set(outline, field);
    fields.set(field, category * field.length);
  }
  return fields;
}

function distanceField(rightHalf: readonly Point[]): Uint8Array {
  const left = rightHalf
    .slice(1, -1)
    .reverse()
    .map(([x, y]) => [-x, y] as const);
  const polygon = [...rightHalf, ...left];
  const field = new Uint8Array(SHAPE_TEXELS * SHAPE_TEXELS);
  const unitsPerTexel = 2 / SHAPE_SCALE / SHAPE_TEXELS;
  for (let row = 0; row < SHAPE_TEXELS; row++) {
    for (let column = 0; column < SHAPE_TEXELS; column++) {
      const x = (column + 0.5 - SHAPE_TEXELS / 2) * unitsPerTexel;
      const y = (row + 0.5 - SHAPE_TEXELS / 2) * unitsPerTexel;
      const texels = signedDistance(polygon, x, y) / unitsPerTexel;
      const level = 0.5 + texels / (2 * SHAPE_RANGE_TEXELS);
      field[row * SHAPE_TEXELS + column] = Math.round(Math.max(0, Math.min(1, level)) * 255);
    }
  }
  return field;
}

/** Distance to the polygon's edge, positive inside. */
function signedDistance(polygon: readonly Point[], x: number, y: number): number {
  let nearest = Infinity;
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [x1, y1] = polygon[i]!;
    const [x2, y2] = polygon[j]!;
    const edgeX = x2 - x1;
    const edgeY = y2 - y1;
    const along = ((x - x1) * edgeX + (y - y1) * edgeY) / (edgeX * edgeX + edgeY * edgeY);
    const t = Math.max(0, Math.min(1, along));
    nearest = Math.min(nearest, Math.hypot(x - x1 - edgeX * t, y - y1 - edgeY * t));
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside ? nearest : -nearest;
}
