import { find } from "./endpoint.js";

export interface GeoPoint {
  lat: number;
  lon: number;
}

export type Phase = "ground" | "climb" | "cruise" | "descent" | "approach" | "unknown";

/** Where the aircraft is between its airports. */
export interface Route {
  distance_km?: number;
  flown_km?: number;
  remaining_km?: number;
  progress?: number;
  eta?: number;
}

/** One aircraft with its flight; a source may leave out any field. */
export interface Flight {
  hex?: string;
  reg_number?: string;
  flag?: string;
  position?: GeoPoint;
  alt?: number;
  dir?: number;
  speed?: number;
  v_speed?: number;
  flight_number?: string;
  flight_icao?: string;
  flight_iata?: string;
  dep_icao?: string;
  dep_iata?: string;
  arr_icao?: string;
  arr_iata?: string;
  airline_icao?: string;
  airline_iata?: string;
  aircraft_icao?: string;
  squawk?: string;
  status?: string;
  type?: string;
  on_ground?: boolean;
  dep_pos?: GeoPoint;
  arr_pos?: GeoPoint;
  Departure?: string;
  Arrival?: string;
  updated?: number;
  phase?: Phase;
  route?: Route;
}

/** An aircraft's trail: columns of one length, the oldest first. */
export interface Track {
  hex: string;
  points: {
    time: number[];
    lat: number[];
    lon: number[];
    alt: Array<number | null>;
    speed: Array<number | null>;
    dir: Array<number | null>;
    on_ground: Array<boolean | null>;
  };
  phases: Array<{ phase: Phase; from: number; until: number }>;
}

export interface Leg {
  flight?: string;
  departure?: string;
  arrival?: string;
  from: number;
  until: number;
  is_open: boolean;
  reports: number;
  distance_km: number;
  max_alt?: number;
}

export interface Aircraft {
  hex: string;
  reg_number?: string;
  aircraft_icao?: string;
  airline_icao?: string;
  airline_iata?: string;
  flag?: string;
  first_seen: number;
  last_seen: number;
  is_live: boolean;
  legs: Leg[];
}

/** The flight, or null if the server no longer knows the aircraft. */
export function fetchFlight(hex: string): Promise<Flight | null> {
  return find(`flights/${encodeURIComponent(hex)}`);
}

export function fetchTrack(hex: string): Promise<Track | null> {
  return find(`flights/${encodeURIComponent(hex)}/track`);
}

export function fetchAircraft(hex: string): Promise<Aircraft | null> {
  return find(`aircraft/${encodeURIComponent(hex)}`);
}
