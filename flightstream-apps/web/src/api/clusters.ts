import { get } from "./endpoint.js";

/** Aircraft of one map tile. */
export interface Cell {
  x: number;
  y: number;
  count: number;
  /** Mean of the aircraft's positions. */
  lat: number;
  lon: number;
}

export interface Clusters {
  zoom: number;
  total: number;
  cells: Cell[];
}

export function fetchClusters(zoom: number, parameters: Record<string, string>): Promise<Clusters> {
  return get("clusters", { ...parameters, zoom: String(zoom) });
}
