import { find, get } from "./endpoint.js";
import type { GeoPoint, Phase } from "./flights.js";

export interface Airport {
  /** IATA code, or ICAO code where there is none. */
  code: string;
  iata?: string;
  icao?: string;
  name?: string;
  city?: string;
  country?: string;
  position?: GeoPoint;
  elevation?: number;
  time_zone?: string;
}

export type AirportTraffic = Airport & { arrivals: number; departures: number };

export interface BoardRow {
  hex: string;
  flight?: string;
  reg_number?: string;
  aircraft_icao?: string;
  airline_icao?: string;
  other?: Airport;
  status?: string;
  phase: Phase;
  type: string;
  updated: number;
  /** Inbound: to go; outbound: flown. */
  distance_km?: number;
  progress?: number;
  eta?: number;
}

export interface Board {
  total: number;
  rows: BoardRow[];
}

export interface Trend {
  direction: "rising" | "steady" | "falling" | "unknown";
  change?: number;
}

export interface Throughput {
  available: boolean;
  window_ms: number;
  windows: Array<{
    from: number;
    until: number;
    arrivals: number;
    departures: number;
    airborne: number;
    complete: boolean;
  }>;
  arrivals_trend: Trend;
  departures_trend: Trend;
}

export type ByType = Record<"Domestic" | "International" | "Unknown", number>;

export interface AirportPage {
  as_of: number | null;
  airport: Airport;
  inbound: Board;
  outbound: Board;
  arrivals_by_type: ByType;
  departures_by_type: ByType;
  expected: Array<{ from: number; until: number; arrivals: number }>;
  throughput?: Throughput;
}

export async function fetchAirports(parameters: Record<string, string>): Promise<AirportTraffic[]> {
  return (await get<{ airports: AirportTraffic[] }>("airports", parameters)).airports;
}

/** The airport's page, or null if there is no such airport. */
export function fetchAirportPage(code: string): Promise<AirportPage | null> {
  return find(`airports/${encodeURIComponent(code)}`, { limit: "200" });
}

export function fetchThroughput(): Promise<Throughput> {
  return get("stats/throughput");
}
