import type { Tick } from "../api/events.js";
import type { Flight } from "../api/flights.js";
import type { Filters } from "./filters.js";
import type { Theme } from "./theme.js";

export type Connection = "connecting" | "live" | "lost";

export interface AppState {
  connection: Connection;
  tick: Tick | null;
  filters: Filters;
  selectedHex: string | null;
  /** The selected aircraft's document, once it has been fetched. */
  selectedFlight: Flight | null;
  theme: Theme;
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
}
