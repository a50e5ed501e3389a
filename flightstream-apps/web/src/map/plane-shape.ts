// Right half of an airliner seen from above, nose up, on a square from -1 to 1.
const RIGHT_HALF: ReadonlyArray<readonly [number, number]> = [
  [0, -0.96],
  [0.06, -0.88],
  [0.1, -0.74],
  [0.11, -0.3],
  [0.94, 0.3],
  [0.94, 0.44],
  [0.11, 0.18],
  [0.085, 0.58],
  [0.38, 0.8],
  [0.38, 0.91],
  [0.06, 0.82],
  [0, 0.92],
];

export const SHAPE_TEXELS = 64;
/** Distances beyond this many texels from the outline are not told apart. */
export const SHAPE_RANGE_TEXELS = 10;
/** The shape leaves this share of the square free, so that its halo is not cut off. */
const SHAPE_SCALE = 0.8;

function outline(): Array<readonly [number, number]> {
  const left = RIGHT_HALF.slice(1, -1)
    .reverse()
    .map(([x, y]) => [-x, y] as const);
  return [...RIGHT_HALF, ...left];
}

/**
 * The plane as a signed distance field: 0.5 on the outline, more inside. Unlike a bitmap it stays
 * sharp at every size and rotation, and gives the halo for free.
 */
export function planeDistanceField(): Uint8Array {
  const polygon = outline();
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
function signedDistance(polygon: ReadonlyArray<readonly [number, number]>, x: number, y: number): number {
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
