import type { Feature, FeatureCollection } from "geojson";
import type { Flight, GeoPoint } from "../api/flights.js";
import { greatCircle } from "./great-circle.js";

/** The selected flight's way: flown up to the aircraft, and ahead of it. */
export function routeFeatures(flight: Flight | null, aircraft: GeoPoint | null): FeatureCollection {
  const features: Feature[] = [];
  if (flight && aircraft) {
    const { dep_pos: departure, arr_pos: arrival } = flight;
    if (departure) features.push(way("flown", departure, aircraft), airport(departure, flight.dep_iata ?? flight.dep_icao));
    if (arrival) features.push(way("ahead", aircraft, arrival), airport(arrival, flight.arr_iata ?? flight.arr_icao));
  }
  return { type: "FeatureCollection", features };
}

function way(part: "flown" | "ahead", from: GeoPoint, to: GeoPoint): Feature {
  return {
    type: "Feature",
    properties: { part },
    geometry: { type: "LineString", coordinates: greatCircle(from, to) },
  };
}

function airport(at: GeoPoint, code: string | undefined): Feature {
  return {
    type: "Feature",
    properties: { code: code ?? "" },
    geometry: { type: "Point", coordinates: [at.lon, at.lat] },
  };
}
