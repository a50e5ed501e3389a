import type { Fleet } from "./fleet.js";

export interface PickRequest {
  /** Mercator units; x may lie outside the unit square when the map shows a copy of the world. */
  x: number;
  y: number;
  radius: number;
  dataSeconds: number;
  /** Unix seconds; aircraft heard of last before are not shown, and so not found. */
  notBefore: number;
}

/** Address of the aircraft nearest to a point and within the radius, or null. */
export function pickAircraft(fleet: Fleet, request: PickRequest): number | null {
  let best: number | null = null;
  let bestDistance = request.radius * request.radius;
  for (let row = 0; row < fleet.count; row++) {
    if (fleet.eventTime[row]! < request.notBefore) continue;
    const position = fleet.positionAt(row, request.dataSeconds);
    let dx = position.x - request.x;
    dx -= Math.round(dx);
    const dy = position.y - request.y;
    const distance = dx * dx + dy * dy;
    if (distance < bestDistance) {
      bestDistance = distance;
      best = fleet.address[row]!;
    }
  }
  return best;
}
