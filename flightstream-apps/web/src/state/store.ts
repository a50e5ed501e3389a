import type { Tick } from "../api/events.js";
import type { Flight, GeoPoint, Track } from "../api/flights.js";
import type { Filters } from "./filters.js";
import type { Theme } from "./theme.js";
import type { Units } from "./units.js";

export type Connection = "connecting" | "live" | "lost";

export const VIEWS = ["airport", "flight", "aircraft", "stream"] as const;
export type View = (typeof VIEWS)[number];

/** How the Airport view draws where the traffic is. */
export const DENSITY_LAYERS = ["heat", "grid", "airports"] as const;
export type DensityLayer = (typeof DENSITY_LAYERS)[number];

/** What the Flight view's map tells. */
export const FLIGHT_LAYERS = ["altitude", "speed", "arrivals", "departures"] as const;
export type FlightLayer = (typeof FLIGHT_LAYERS)[number];

export interface MapPosition {
  zoom: number;
  lat: number;
  lon: number;
}

export interface AppState {
  connection: Connection;
  tick: Tick | null;
  view: View;
  filters: Filters;
  densityLayer: DensityLayer;
  flightLayer: FlightLayer;
  selectedHex: string | null;
  /** The selected aircraft's document, once it has been fetched. */
  selectedFlight: Flight | null;
  selectedTrack: Track | null;
  /** IATA code of the airport whose boards are open. */
  airport: string | null;
  /** Milliseconds since the Unix epoch that the replay shows; null for now. */
  replayAt: number | null;
  /** Where the map was last left; null until the user or a link chose. */
  mapPosition: MapPosition | null;
  /** Where the map should fly to next. */
  lookAt: GeoPoint | null;
  theme: Theme;
  units: Units;
}

type Listener = (state: AppState, previous: AppState) => void;

export class Store {
  #state: AppState;
  readonly #listeners = new Set<Listener>();

  constructor(initial: AppState) {
    this.#state = initial;
  }

  get state(): AppState {
    return this.#state;
  }

  set(patch: Partial<AppState>): void {
    const previous = this.#state;
    this.#state = { ...previous, ...patch };
    for (const listener of this.#listeners) listener(this.#state, previous);
  }

  /** Calls back now and whenever the named part of the state is replaced. */
  watch<Key extends keyof AppState>(key: Key, callback: (value: AppState[Key], state: AppState) => void): void {
    this.#listeners.add((state, previous) => {
      if (state[key] !== previous[key]) callback(state[key], state);
    });
    callback(this.#state[key], this.#state);
  }

  /** Calls back whenever one of the named parts is replaced. */
  onChange(keys: ReadonlyArray<keyof AppState>, callback: (state: AppState) => void): void {
    this.#listeners.add((state, previous) => {
      if (keys.some((key) => state[key] !== previous[key])) callback(state);
    });
  }
}
