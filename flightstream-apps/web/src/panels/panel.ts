import type { Tick } from "../api/events.js";
import type { AggregationResults, Aggregations } from "../api/search.js";
import type { Store } from "../state/store.js";

export interface PanelData {
  /** Aircraft that match the filters. */
  total: number;
  /** Results under the names that the panel gave its aggregations. */
  aggregations: AggregationResults;
  /** What the panel's own request brought; null before its first answer. */
  fetched: unknown;
  tick: Tick | null;
  store: Store;
}

/** A panel is one file that exports one of these, and a line in registry.ts. */
export interface Panel {
  /** Also the prefix of its aggregations in the shared request, so it must be unique. */
  id: string;
  /** English, translated where it is shown. */
  title: string;
  /** What it asks of the search; a panel without any lives on the ticks, or on a request of its own. */
  aggs?: Aggregations;
  /** A request of its own. Panels of one view with the same function share its answer. */
  fetch?: (store: Store) => Promise<unknown>;
  /** How many columns it takes in a view without a map. */
  width?: 1 | 2 | 3;
  /** Called with fresh data up to once a second; updates what it drew before. */
  render(body: HTMLElement, data: PanelData): void;
}
