import type { Feature } from "geojson";
import type { GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
import { type AirportTraffic, fetchAirports } from "../api/airports.js";
import { parametersFor } from "../state/filters.js";
import { PacedTask } from "../state/paced-task.js";
import type { AppState, Store } from "../state/store.js";
import type { Theme } from "../state/theme.js";
import { MAP_COLOURS } from "./basemap.js";
import { type Overlay, emptySource } from "./overlay.js";

const PACE_MS = 3_000;
const SOURCE = "airports";
const LAYERS = ["airport-circles", "airport-codes"];
export const AIRPORT_CIRCLES = "airport-circles";

const COLOURS: Record<Theme, Record<Counted, string>> = {
  dark: { total: "#5aa9ff", arrivals: "#4bd0a0", departures: "#f5a54a" },
  light: { total: "#2a78d0", arrivals: "#10795a", departures: "#c66a10" },
};

type Counted = "total" | "arrivals" | "departures";

/** What the circles count in a view, or null where there are none. */
export function countedIn({ view, flightLayer }: Pick<AppState, "view" | "flightLayer">): Counted | null {
  if (view === "airport") return "total";
  return view === "flight" && (flightLayer === "arrivals" || flightLayer === "departures") ? flightLayer : null;
}

/** Airports with traffic, as circles to press. */
export class AirportsOverlay implements Overlay {
  #map: MapLibreMap | null = null;
  #airports: AirportTraffic[] = [];
  readonly #refresh = new PacedTask(PACE_MS, () => this.#load());

  constructor(private readonly store: Store) {
    store.onChange(["view", "flightLayer", "densityLayer", "airport"], () => this.#draw());
    store.onChange(["view", "flightLayer", "filters", "tick"], () => this.#request());
  }

  style(theme: Theme): ReturnType<Overlay["style"]> {
    const { land, labelHalo } = MAP_COLOURS[theme];
    return {
      sources: { [SOURCE]: emptySource() },
      layers: [
        {
          id: "airport-circles",
          type: "circle",
          source: SOURCE,
          paint: {
            "circle-radius": ["get", "radius"],
            "circle-color": ["get", "colour"],
            "circle-opacity": ["get", "opacity"],
            "circle-stroke-color": ["case", ["get", "chosen"], theme === "dark" ? "#ffffff" : "#14202d", land],
            "circle-stroke-width": ["case", ["get", "chosen"], 2.5, 1],
          },
        },
        {
          id: "airport-codes",
          type: "symbol",
          source: SOURCE,
          layout: {
            "text-field": ["get", "label"],
            "text-font": ["sans-serif"],
            "text-size": 11,
            // Under the circle, whose radius is in pixels; offsets are in letters' heights.
            "text-variable-anchor": ["top"],
            "text-radial-offset": ["/", ["+", ["get", "radius"], 2], 11],
            "symbol-sort-key": ["-", 0, ["get", "count"]],
          },
          paint: { "text-color": theme === "dark" ? "#d5e3f2" : "#26394c", "text-halo-color": labelHalo, "text-halo-width": 1.3 },
        },
      ],
    };
  }

  attach(map: MapLibreMap): void {
    this.#map = map;
    this.#draw();
    this.#request();
  }

  #request(): void {
    if (countedIn(this.store.state) !== null && this.#map) this.#refresh.request();
  }

  async #load(): Promise<void> {
    try {
      this.#airports = await fetchAirports(parametersFor(this.store.state.filters));
      this.#draw();
    } catch {
      // The status line already tells a lost connection; the next tick brings the next attempt.
    }
  }

  #draw(): void {
    const { state } = this.store;
    const counted = countedIn(state);
    for (const layer of LAYERS) this.#map?.setLayoutProperty(layer, "visibility", counted ? "visible" : "none");
    if (!counted || !this.#map) return;
    const features = airportFeatures(this.#airports, counted, state);
    void this.#map.getSource<GeoJSONSource>(SOURCE)?.setData({ type: "FeatureCollection", features });
    this.#map.getContainer().dataset["airports"] = String(features.length);
  }
}

function airportFeatures(airports: readonly AirportTraffic[], counted: Counted, state: AppState): Feature[] {
  const countOf = (airport: AirportTraffic) => (counted === "total" ? airport.arrivals + airport.departures : airport[counted]);
  const most = Math.max(1, ...airports.map(countOf));
  // Over a heat map or a grid the airports are landmarks, not the figure.
  const discreet = state.view === "airport" && state.densityLayer !== "airports";
  const colour = COLOURS[state.theme][counted];
  return airports.flatMap((airport) => {
    const count = countOf(airport);
    if (!airport.position || count === 0) return [];
    const { lat, lon } = airport.position;
    return {
      type: "Feature" as const,
      properties: {
        code: airport.code,
        count,
        label: state.view === "airport" && state.densityLayer === "grid" ? "" : discreet ? airport.code : `${airport.code} ${count}`,
        radius: discreet ? 3 : 3 + 15 * Math.sqrt(count / most),
        colour,
        opacity: discreet ? 0.9 : 0.7,
        chosen: airport.code === state.airport,
      },
      geometry: { type: "Point" as const, coordinates: [lon, lat] },
    };
  });
}
