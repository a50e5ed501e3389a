import type { Aggregation, Aggregations } from "../../api/search.js";

/** Speeds are of aircraft that fly and tell their speed: one at the gate would only lower the mean. */
export function airborne(aggs: Aggregations): Aggregation {
  return {
    filter: { bool: { filter: [{ term: { on_ground: false } }, { exists: { field: "speed" } }] } },
    aggs,
  };
}
