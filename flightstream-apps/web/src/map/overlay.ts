import type { FeatureCollection } from "geojson";
import type { GeoJSONSourceSpecification, LayerSpecification, Map as MapLibreMap } from "maplibre-gl";
import type { Theme } from "../state/theme.js";

/**
 * Something drawn between the base map and the aircraft. Its sources and layers are part of the map's
 * style, which is replaced with the theme; the data then have to be given again.
 */
export interface Overlay {
  style(theme: Theme): { sources: Record<string, GeoJSONSourceSpecification>; layers: LayerSpecification[] };
  /** The style has been loaded: show the data. */
  attach(map: MapLibreMap): void;
}

export const NO_FEATURES: FeatureCollection = { type: "FeatureCollection", features: [] };

export function emptySource(): GeoJSONSourceSpecification {
  return { type: "geojson", data: NO_FEATURES };
}
