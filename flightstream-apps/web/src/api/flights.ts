import { REQUEST_TIMEOUT_MS, apiErrorFrom, endpoint } from "./endpoint.js";

export interface GeoPoint {
  lat: number;
  lon: number;
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
  status?: string;
  type?: string;
  dep_pos?: GeoPoint;
  arr_pos?: GeoPoint;
  Departure?: string;
  Arrival?: string;
  updated?: number;
}

/** The flight, or null if the server no longer knows the aircraft. */
export async function fetchFlight(hex: string): Promise<Flight | null> {
  const response = await fetch(endpoint(`flights/${encodeURIComponent(hex)}`), {
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  if (response.status === 404) return null;
  if (!response.ok) throw await apiErrorFrom(response);
  return (await response.json()) as Flight;
}
