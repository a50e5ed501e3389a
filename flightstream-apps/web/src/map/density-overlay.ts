import type { Feature } from "geojson";
import type { GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
import { type Clusters, fetchClusters } from "../api/clusters.js";
import { parametersFor } from "../state/filters.js";
import { PacedTask } from "../state/paced-task.js";
import type { Store } from "../state/store.js";
import type { Theme } from "../state/theme.js";
import { latitudeOf, longitudeOf } from "./mercator.js";
import { type Overlay, emptySource } from "./overlay.js";
import { type VisibleArea, boxParameter } from "./viewport.js";

const PACE_MS = 2_000;
const HEAT_SOURCE = "heat";
const GRID_SOURCE = "grid";
const HEAT_LAYERS = ["heat"];
const GRID_LAYERS = ["grid-cells", "grid-counts"];
/** Levels by which tiles are finer than the map's zoom. */
const FINER = { heat: 5, grid: 3 } as const;
const FINEST = 12;

const RAMPS: Record<Theme, readonly string[]> = {
  dark: ["#3b1f7a", "#8a2a8c", "#d6456c", "#f98e4a", "#fcdf7a"],
  light: ["#a9a3dc", "#8a5fc0", "#b13c8e", "#d8553f", "#8f2000"],
};

/** Where the traffic is: a heat map, or squares with counts. Counted by the server. */
export class DensityOverlay implements Overlay {
  #map: MapLibreMap | null = null;
  #shown: { kind: "heat" | "grid"; clusters: Clusters } | null = null;
  readonly #refresh = new PacedTask(PACE_MS, () => this.#load());

  constructor(
    private readonly store: Store,
    private readonly visibleArea: () => VisibleArea,
  ) {
    store.onChange(["view", "densityLayer", "filters"], () => {
      this.#showLayers();
      this.request();
    });
    store.watch("tick", () => this.request());
  }

  /** The data, or the part of the world that is looked at, may have changed. */
  request(): void {
    if (this.#kind() !== null && this.#map) this.#refresh.request();
  }

  style(theme: Theme): ReturnType<Overlay["style"]> {
    const ramp = RAMPS[theme];
    const text = theme === "dark" ? "#ffffff" : "#14202d";
    return {
      sources: { [HEAT_SOURCE]: emptySource(), [GRID_SOURCE]: emptySource() },
      layers: [
        {
          id: "heat",
          type: "heatmap",
          source: HEAT_SOURCE,
          layout: { visibility: "none" },
          paint: {
            "heatmap-weight": ["get", "weight"],
            "heatmap-radius": ["interpolate", ["linear"], ["zoom"], 1, 16, 5, 34, 9, 50],
            "heatmap-intensity": ["interpolate", ["linear"], ["zoom"], 1, 1.1, 6, 1.8],
            "heatmap-opacity": theme === "dark" ? 0.85 : 0.75,
            "heatmap-color": [
              "interpolate", ["linear"], ["heatmap-density"],
              0, `${ramp[0]}00`, 0.06, `${ramp[0]}aa`, 0.22, ramp[1]!, 0.45, ramp[2]!, 0.7, ramp[3]!, 1, ramp[4]!,
            ],
          },
        },
        {
          id: "grid-cells",
          type: "fill",
          source: GRID_SOURCE,
          filter: ["==", ["geometry-type"], "Polygon"],
          layout: { visibility: "none" },
          paint: {
            "fill-color": ["interpolate", ["linear"], ["get", "weight"], 0, ramp[0]!, 0.35, ramp[1]!, 0.65, ramp[2]!, 1, ramp[3]!],
            "fill-opacity": 0.55,
            "fill-outline-color": theme === "dark" ? "#0a111c" : "#ffffff",
          },
        },
        {
          id: "grid-counts",
          type: "symbol",
          source: GRID_SOURCE,
          filter: ["==", ["geometry-type"], "Point"],
          layout: {
            visibility: "none",
            "text-field": ["get", "count"],
            "text-font": ["sans-serif"],
            "text-size": 12,
            "text-allow-overlap": true,
          },
          paint: { "text-color": text, "text-halo-color": theme === "dark" ? "#0a111ccc" : "#ffffffcc", "text-halo-width": 1.2 },
        },
      ],
    };
  }

  attach(map: MapLibreMap): void {
    this.#map = map;
    this.#showLayers();
    this.#draw();
    this.request();
  }

  #kind(): "heat" | "grid" | null {
    const { view, densityLayer } = this.store.state;
    return view === "airport" && densityLayer !== "airports" ? densityLayer : null;
  }

  #showLayers(): void {
    const kind = this.#kind();
    for (const [layers, visible] of [[HEAT_LAYERS, kind === "heat"], [GRID_LAYERS, kind === "grid"]] as const) {
      for (const layer of layers) this.#map?.setLayoutProperty(layer, "visibility", visible ? "visible" : "none");
    }
  }

  async #load(): Promise<void> {
    const kind = this.#kind();
    if (kind === null) return;
    const area = this.visibleArea();
    const zoom = Math.min(FINEST, Math.max(0, Math.round(area.zoom)) + FINER[kind]);
    try {
      const clusters = await fetchClusters(zoom, { ...parametersFor(this.store.state.filters), ...boxParameter(area) });
      this.#shown = { kind, clusters };
      this.#draw();
    } catch {
      // The status line already tells a lost connection; the next tick brings the next attempt.
    }
  }

  #draw(): void {
    if (!this.#shown || !this.#map) return;
    const { kind, clusters } = this.#shown;
    const features = kind === "heat" ? heatFeatures(clusters) : gridFeatures(clusters);
    const source = this.#map.getSource<GeoJSONSource>(kind === "heat" ? HEAT_SOURCE : GRID_SOURCE);
    void source?.setData({ type: "FeatureCollection", features });
    this.#map.getContainer().dataset["counted"] = String(clusters.cells.reduce((sum, cell) => sum + cell.count, 0));
  }
}

/** The fullest cell weighs 1; the square root keeps thin traffic visible beside hubs. */
function weightOf(count: number, most: number): number {
  return Math.sqrt(count / most);
}

function heatFeatures({ cells }: Clusters): Feature[] {
  const most = Math.max(1, ...cells.map((cell) => cell.count));
  return cells.map(({ lat, lon, count }) => ({
    type: "Feature",
    properties: { weight: weightOf(count, most) },
    geometry: { type: "Point", coordinates: [lon, lat] },
  }));
}

export function gridFeatures({ zoom, cells }: Clusters): Feature[] {
  const most = Math.max(1, ...cells.map((cell) => cell.count));
  const tiles = 2 ** zoom;
  return cells.flatMap(({ x, y, count }) => {
    const [west, east] = [longitudeOf(x / tiles), longitudeOf((x + 1) / tiles)];
    const [north, south] = [latitudeOf(y / tiles), latitudeOf((y + 1) / tiles)];
    const ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
    const weight = weightOf(count, most);
    const middle = [(west + east) / 2, latitudeOf((y + 0.5) / tiles)];
    return [
      { type: "Feature" as const, properties: { weight }, geometry: { type: "Polygon" as const, coordinates: [ring] } },
      { type: "Feature" as const, properties: { count: String(count) }, geometry: { type: "Point" as const, coordinates: middle } },
    ];
  });
}
