import { FACETS } from "./facets.js";
import type { Filters } from "./filters.js";
import {
  type AppState,
  DENSITY_LAYERS,
  FLIGHT_LAYERS,
  type MapPosition,
  type Store,
  VIEWS,
} from "./store.js";

/** The part of the state that a link carries. */
export type Linked = Pick<
  AppState,
  "view" | "filters" | "densityLayer" | "flightLayer" | "selectedHex" | "airport" | "replayAt" | "mapPosition"
>;

const LINKED_KEYS = [
  "view",
  "filters",
  "densityLayer",
  "flightLayer",
  "selectedHex",
  "airport",
  "replayAt",
  "mapPosition",
] as const satisfies ReadonlyArray<keyof Linked>;

/** Changes of these are places to come back to; of the others only the newest counts. */
const STEPS = ["view", "selectedHex", "airport"] as const satisfies ReadonlyArray<keyof Linked>;

export function readLink(search: string): Linked {
  const parameters = new URLSearchParams(search);
  const values: Filters["values"] = {};
  for (const { id } of FACETS) {
    const listed = (parameters.get(id) ?? "").split(",").filter(Boolean);
    if (listed.length > 0) values[id] = listed;
  }
  return {
    view: oneOf(VIEWS, parameters.get("view")),
    filters: { values, heardWithinMin: positive(parameters.get("within")) },
    densityLayer: oneOf(DENSITY_LAYERS, parameters.get("density")),
    flightLayer: oneOf(FLIGHT_LAYERS, parameters.get("layer")),
    selectedHex: matching(parameters.get("hex"), /^~?[0-9A-F]{6}$/i)?.toUpperCase() ?? null,
    airport: matching(parameters.get("airport"), /^[A-Z0-9]{3,4}$/i)?.toUpperCase() ?? null,
    replayAt: positive(parameters.get("at")),
    mapPosition: mapPositionFrom(parameters.get("map")),
  };
}

/** Only what differs from the beginning is written, so that links stay short. Other parameters are kept. */
export function writeLink(linked: Linked, search = ""): string {
  const parameters = new URLSearchParams(search);
  const put = (name: string, value: string | number | null) => {
    if (value === null || value === "") parameters.delete(name);
    else parameters.set(name, String(value));
  };
  put("view", linked.view === VIEWS[0] ? null : linked.view);
  for (const { id } of FACETS) put(id, (linked.filters.values[id] ?? []).join(","));
  put("within", linked.filters.heardWithinMin);
  put("density", linked.densityLayer === DENSITY_LAYERS[0] ? null : linked.densityLayer);
  put("layer", linked.flightLayer === FLIGHT_LAYERS[0] ? null : linked.flightLayer);
  put("hex", linked.selectedHex);
  put("airport", linked.airport);
  put("at", linked.replayAt);
  const map = linked.mapPosition;
  put("map", map && `${map.zoom.toFixed(2)}/${map.lat.toFixed(3)}/${map.lon.toFixed(3)}`);
  const text = parameters.toString().replaceAll("%2C", ",").replaceAll("%2F", "/").replaceAll("%3F", "?");
  return text === "" ? "" : `?${text}`;
}

/** Keeps the address bar and the state the same, and follows the browser's back and forward. */
export function followAddress(store: Store): void {
  let known = store.state;
  store.onChange(LINKED_KEYS, (state) => {
    const address = location.pathname + writeLink(state, location.search);
    const isStep = STEPS.some((key) => state[key] !== known[key]);
    known = state;
    if (address === location.pathname + location.search) return;
    if (isStep) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
  });
  window.addEventListener("popstate", () => {
    const linked = readLink(location.search);
    known = { ...store.state, ...linked };
    store.set({ ...linked, selectedFlight: null });
  });
}

function oneOf<T extends string>(allowed: readonly [T, ...T[]], value: string | null): T {
  return allowed.find((each) => each === value) ?? allowed[0];
}

function matching(value: string | null, pattern: RegExp): string | null {
  return value !== null && pattern.test(value) ? value : null;
}

function positive(value: string | null): number | null {
  const number = Number(value);
  return value !== null && Number.isFinite(number) && number > 0 ? number : null;
}

function mapPositionFrom(value: string | null): MapPosition | null {
  const [zoom, lat, lon] = (value ?? "").split("/").map(Number);
  if (zoom === undefined || lat === undefined || lon === undefined || ![zoom, lat, lon].every(Number.isFinite)) return null;
  return Math.abs(lat) <= 90 && zoom >= 0 && zoom <= 24 ? { zoom, lat, lon } : null;
}
