import type { BoundingBox } from "../api/positions.js";

/** With fewer aircraft than this the whole world is cheaper than asking again after every pan. */
const WHOLE_WORLD_LIMIT = 20_000;
const WORLD_ZOOM = 4;
const PADDING = 0.5;

export interface VisibleArea {
  zoom: number;
  box: BoundingBox;
}

/** The part of the world to hold positions of; null for all of it. */
export function areaToLoad(visible: VisibleArea, totalAircraft: number): BoundingBox | null {
  if (totalAircraft <= WHOLE_WORLD_LIMIT || visible.zoom < WORLD_ZOOM) return null;
  const { south, west, north, east } = visible.box;
  const latPadding = (north - south) * PADDING;
  const lonPadding = (east - west) * PADDING;
  const padded = {
    south: Math.max(-90, south - latPadding),
    west: west - lonPadding,
    north: Math.min(90, north + latPadding),
    east: east + lonPadding,
  };
  // A box over the antimeridian is rare enough to load the world for.
  return padded.west < -180 || padded.east > 180 ? null : padded;
}

export function contains(outer: BoundingBox | null, inner: BoundingBox): boolean {
  if (outer === null) return true;
  return (
    inner.south >= outer.south && inner.north <= outer.north && inner.west >= outer.west && inner.east <= outer.east
  );
}

/** A map that shows the world once tells an edge a rounding short of the other. */
const WHOLE_TURN = 359.99;

/** What is looked at as the API's `bbox`, none where all of the world is. */
export function boxParameter({ box }: VisibleArea): { bbox?: string } {
  if (box.east - box.west >= WHOLE_TURN) return {};
  const edges = [Math.max(-90, box.south), wrapped(box.west), Math.min(90, box.north), wrapped(box.east)];
  return { bbox: edges.map((degrees) => degrees.toFixed(4)).join(",") };
}

function wrapped(longitude: number): number {
  return ((((longitude + 180) % 360) + 360) % 360) - 180;
}
