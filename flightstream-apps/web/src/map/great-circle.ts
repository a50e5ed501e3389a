import type { GeoPoint } from "../api/flights.js";

const RADIANS = Math.PI / 180;
const EARTH_RADIUS_KM = 6371.0088;

/** Central angle between two points, in radians. */
function angleBetween(from: GeoPoint, to: GeoPoint): number {
  const halfLat = ((to.lat - from.lat) * RADIANS) / 2;
  const halfLon = ((to.lon - from.lon) * RADIANS) / 2;
  const a =
    Math.sin(halfLat) ** 2 + Math.cos(from.lat * RADIANS) * Math.cos(to.lat * RADIANS) * Math.sin(halfLon) ** 2;
  return 2 * Math.asin(Math.min(1, Math.sqrt(a)));
}

export function distanceKm(from: GeoPoint, to: GeoPoint): number {
  return angleBetween(from, to) * EARTH_RADIUS_KM;
}

/**
 * The shortest way over the globe as [lon, lat] pairs, one about every 100 km. Longitudes run on past
 * ±180 where the way crosses the antimeridian, so that no line is drawn back across the map.
 */
export function greatCircle(from: GeoPoint, to: GeoPoint): Array<[number, number]> {
  const angle = angleBetween(from, to);
  const steps = Math.max(1, Math.ceil((angle * EARTH_RADIUS_KM) / 100));
  const points: Array<[number, number]> = [];
  let previousLon = from.lon;
  for (let step = 0; step <= steps; step++) {
    const point = intermediate(from, to, angle, step / steps);
    const lon = point.lon + 360 * Math.round((previousLon - point.lon) / 360);
    points.push([lon, point.lat]);
    previousLon = lon;
  }
  return points;
}

function intermediate(from: GeoPoint, to: GeoPoint, angle: number, share: number): GeoPoint {
  if (angle < 1e-9) return from;
  const a = Math.sin((1 - share) * angle) / Math.sin(angle);
  const b = Math.sin(share * angle) / Math.sin(angle);
  const fromLat = from.lat * RADIANS;
  const toLat = to.lat * RADIANS;
  const x = a * Math.cos(fromLat) * Math.cos(from.lon * RADIANS) + b * Math.cos(toLat) * Math.cos(to.lon * RADIANS);
  const y = a * Math.cos(fromLat) * Math.sin(from.lon * RADIANS) + b * Math.cos(toLat) * Math.sin(to.lon * RADIANS);
  const z = a * Math.sin(fromLat) + b * Math.sin(toLat);
  return { lat: Math.atan2(z, Math.hypot(x, y)) / RADIANS, lon: Math.atan2(y, x) / RADIANS };
}
