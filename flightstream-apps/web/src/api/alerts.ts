import { get } from "./endpoint.js";
import type { GeoPoint } from "./flights.js";

export interface Alert {
  /** Stays the same while the alert lasts. */
  id: string;
  kind: "emergency" | "lost_signal" | "implausible_jump";
  severity: "critical" | "warning" | "info";
  hex: string;
  flight?: string;
  reg_number?: string;
  since: number;
  last: number;
  until?: number;
  position?: GeoPoint;
  squawk?: string;
  meaning?: string;
  silent_ms?: number;
  distance_km?: number;
  implied_speed?: number;
  count: number;
  message: string;
}

export interface Alerts {
  as_of: number | null;
  version: number;
  active: Alert[];
  recent: Alert[];
}

export function fetchAlerts(): Promise<Alerts> {
  return get("alerts");
}
