import type { GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
import type { GeoPoint } from "../api/flights.js";
import type { Store } from "../state/store.js";
import type { Theme } from "../state/theme.js";
import { MAP_COLOURS } from "./basemap.js";
import { type Overlay, emptySource } from "./overlay.js";
import { routeFeatures } from "./route.js";

const SOURCE = "route";
const REFRESH_MS = 1_000;

/** The selected flight's great circle, flown and ahead. */
export class RouteOverlay implements Overlay {
  #map: MapLibreMap | null = null;

  constructor(
    private readonly store: Store,
    private readonly aircraftPosition: () => GeoPoint | null,
  ) {
    store.watch("selectedFlight", () => this.#draw());
    window.setInterval(() => {
      if (store.state.selectedFlight && !document.hidden) this.#draw();
    }, REFRESH_MS);
  }

  style(theme: Theme): ReturnType<Overlay["style"]> {
    const { route, land, labelHalo } = MAP_COLOURS[theme];
    return {
      sources: { [SOURCE]: emptySource() },
      layers: [
        {
          id: "route-flown",
          type: "line",
          source: SOURCE,
          filter: ["==", ["get", "part"], "flown"],
          layout: { "line-cap": "round", "line-join": "round" },
          paint: { "line-color": route, "line-width": 1.5, "line-opacity": 0.55 },
        },
        {
          id: "route-ahead",
          type: "line",
          source: SOURCE,
          filter: ["==", ["get", "part"], "ahead"],
          layout: { "line-join": "round" },
          paint: { "line-color": route, "line-width": 2, "line-dasharray": [2, 2] },
        },
        {
          id: "route-airports",
          type: "circle",
          source: SOURCE,
          filter: ["==", ["geometry-type"], "Point"],
          paint: { "circle-radius": 4.5, "circle-color": land, "circle-stroke-color": route, "circle-stroke-width": 2 },
        },
        {
          id: "route-airport-codes",
          type: "symbol",
          source: SOURCE,
          filter: ["==", ["geometry-type"], "Point"],
          layout: {
            "text-field": ["get", "code"],
            "text-font": ["sans-serif"],
            "text-size": 13,
            "text-offset": [0, 1.1],
            "text-anchor": "top",
          },
          paint: { "text-color": route, "text-halo-color": labelHalo, "text-halo-width": 1.5 },
        },
      ],
    };
  }

  attach(map: MapLibreMap): void {
    this.#map = map;
    this.#draw();
  }

  #draw(): void {
    const source = this.#map?.getSource<GeoJSONSource>(SOURCE);
    void source?.setData(routeFeatures(this.store.state.selectedFlight, this.aircraftPosition()));
  }
}
