import type { AggregationResults, Aggregations } from "../api/search.js";
import type { Panel } from "./panel.js";

type Asking = Pick<Panel, "id" | "aggs">;

const SEPARATOR = "__";

/** All panels' aggregations for one request. */
export function mergeAggregations(panels: readonly Asking[]): Aggregations {
  const merged: Aggregations = {};
  for (const panel of panels) {
    for (const [name, aggregation] of Object.entries(panel.aggs ?? {})) merged[nameFor(panel, name)] = aggregation;
  }
  return merged;
}

/** One panel's part of the answer, under its own names again. */
export function resultsFor(panel: Asking, merged: AggregationResults): AggregationResults {
  const own: AggregationResults = {};
  for (const name of Object.keys(panel.aggs ?? {})) own[name] = merged[nameFor(panel, name)];
  return own;
}

function nameFor(panel: Asking, name: string): string {
  return `${panel.id}${SEPARATOR}${name}`;
}
