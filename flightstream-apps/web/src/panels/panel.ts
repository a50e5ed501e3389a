import type { Tick } from "../api/events.js";
import type { AggregationResults, Aggregations } from "../api/search.js";
import type { Store } from "../state/store.js";

export interface PanelData {
  /** Aircraft that match the filters. */
  total: number;
  /** Results under the names that the panel gave its aggregations. */
  aggregations: AggregationResults;
  tick: Tick | null;
  store: Store;
}

/** A panel is one file that exports one of these, and a line in registry.ts. */
export interface Panel {
  /** Also the prefix of its aggregations in the shared request, so it must be unique. */
  id: string;
  title: string;
  /** What it asks of the search; a panel without any lives on the ticks alone. */
  aggs: Aggregations;
  /** Called with fresh data up to once a second; updates what it drew before. */
  render(body: HTMLElement, data: PanelData): void;
}
