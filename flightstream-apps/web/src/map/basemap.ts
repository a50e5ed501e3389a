import type { FeatureCollection, GeoJsonProperties, Geometry, MultiLineString, Position } from "geojson";
import type { ExpressionSpecification, StyleSpecification } from "maplibre-gl";
import { feature } from "topojson-client";
import type { GeometryCollection, MultiLineString as TopoLines, MultiPolygon, Topology } from "topojson-specification";
import type { Theme } from "../state/theme.js";

declare const BASEMAP_URL: string;

type BasemapTopology = Topology<{
  land: MultiPolygon;
  coast: TopoLines;
  borders: TopoLines;
  labels: GeometryCollection<{ name: string; rank: number }>;
}>;

export interface Basemap {
  land: Geometry;
  coast: Geometry;
  borders: Geometry;
  labels: FeatureCollection<Geometry, GeoJsonProperties>;
}

export async function loadBasemap(): Promise<Basemap> {
  const response = await fetch(new URL(BASEMAP_URL, document.baseURI));
  if (!response.ok) throw new Error(`Base map: the server answered ${response.status}`);
  const topology = (await response.json()) as BasemapTopology;
  const { land, coast, borders, labels } = topology.objects;
  return {
    land: feature(topology, land).geometry,
    coast: withoutMapEdges(feature(topology, coast).geometry as MultiLineString),
    borders: feature(topology, borders).geometry,
    labels: feature(topology, labels),
  };
}

// Where the map was cut at 180 degrees and closed at the south pole, there is no coast to draw.
function withoutMapEdges(coast: MultiLineString): MultiLineString {
  const coordinates: Position[][] = [];
  for (const line of coast.coordinates) {
    let piece: Position[] = [];
    for (const [index, point] of line.entries()) {
      const previous = line[index - 1];
      if (previous && onSameMapEdge(previous, point)) {
        if (piece.length > 1) coordinates.push(piece);
        piece = [];
      }
      piece.push(point);
    }
    if (piece.length > 1) coordinates.push(piece);
  }
  return { type: "MultiLineString", coordinates };
}

function onSameMapEdge(a: Position, b: Position): boolean {
  const atAntimeridian = Math.abs(a[0]!) > 179.98 && Math.abs(b[0]!) > 179.98;
  return atAntimeridian || (a[1]! < -89 && b[1]! < -89);
}

export const MAP_COLOURS = {
  dark: {
    water: "#0a111c",
    land: "#18222f",
    coast: "#33445a",
    border: "#2c3b4e",
    label: "#71839b",
    labelHalo: "#131c28",
    route: "#7cc4ff",
  },
  light: {
    water: "#d3e0ea",
    land: "#f5f5f1",
    coast: "#a9bbc9",
    border: "#c8cdd0",
    label: "#6c7a88",
    labelHalo: "#f5f5f1",
    route: "#0b63c5",
  },
} as const satisfies Record<Theme, Record<string, string>>;

export type MapColours = (typeof MAP_COLOURS)[Theme];

const LABEL_SIZE: ExpressionSpecification = [
  "interpolate",
  ["linear"],
  ["zoom"],
  1,
  ["-", 11, ["*", 0.6, ["get", "rank"]]],
  6,
  ["-", 17, ["get", "rank"]],
];

export function basemapStyle(basemap: Basemap, theme: Theme): StyleSpecification {
  const colours = MAP_COLOURS[theme];
  return {
    version: 8,
    sources: {
      land: geoJson(basemap.land),
      coast: geoJson(basemap.coast),
      borders: geoJson(basemap.borders),
      labels: { type: "geojson", data: basemap.labels },
    },
    layers: [
      { id: "water", type: "background", paint: { "background-color": colours.water } },
      {
        id: "land",
        type: "fill",
        source: "land",
        paint: { "fill-color": colours.land, "fill-antialias": false },
      },
      {
        id: "coast",
        type: "line",
        source: "coast",
        paint: { "line-color": colours.coast, "line-width": ["interpolate", ["linear"], ["zoom"], 1, 0.5, 6, 1.1] },
      },
      {
        id: "borders",
        type: "line",
        source: "borders",
        paint: { "line-color": colours.border, "line-width": ["interpolate", ["linear"], ["zoom"], 1, 0.5, 6, 1.3] },
      },
      ...labelLayers(colours),
    ],
  };
}

/**
 * Smaller countries are named only further in, where there is room for them. Where names collide,
 * MapLibre keeps the one in the later layer, so the largest countries come last.
 */
function labelLayers(colours: MapColours): StyleSpecification["layers"] {
  return [5, 4, 3, 2, 1, 0].map((rank) => ({
    id: `labels-${rank}`,
    type: "symbol" as const,
    source: "labels",
    minzoom: [0, 1.8, 2.6, 3.4, 4.2, 5][rank]!,
    filter: ["==", ["get", "rank"], rank] as ExpressionSpecification,
    layout: {
      "text-field": ["get", "name"] as ExpressionSpecification,
      // No glyph server: MapLibre draws these from the reader's own fonts.
      "text-font": ["sans-serif"],
      "text-size": LABEL_SIZE,
      "text-max-width": 7,
      "text-padding": 6,
      "text-letter-spacing": 0.04,
    },
    paint: { "text-color": colours.label, "text-halo-color": colours.labelHalo, "text-halo-width": 1.2 },
  }));
}

function geoJson(geometry: Geometry) {
  return {
    type: "geojson" as const,
    data: { type: "Feature" as const, properties: {}, geometry },
    // The data are 1:50m; more detailed tiles would only repeat them.
    maxzoom: 7,
    tolerance: 0.3,
  };
}
