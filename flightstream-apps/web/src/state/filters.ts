import type { Query } from "../api/search.js";
import { FACETS, type FacetId, ON_GROUND, facetQuery } from "./facets.js";

/** What the user narrowed everything down to. An absent facet means no restriction. */
export interface Filters {
  values: Partial<Record<FacetId, readonly string[]>>;
  /** Only aircraft heard of in the last so many minutes of the data's time. */
  heardWithinMin: number | null;
}

export const NO_FILTERS: Filters = { values: {}, heardWithinMin: null };

export function hasFilters(filters: Filters): boolean {
  return filters.heardWithinMin !== null || Object.keys(filters.values).length > 0;
}

/** The filters as one query of the search; undefined asks for everything. */
export function queryFor(filters: Filters, dataNowMs: number | null): Query | undefined {
  const parts: Query[] = [];
  for (const facet of FACETS) {
    const values = filters.values[facet.id];
    if (values) parts.push(facetQuery(facet, values));
  }
  if (filters.heardWithinMin !== null && dataNowMs !== null) {
    parts.push({ range: { updated: { gte: Math.floor(dataNowMs - filters.heardWithinMin * 60_000) } } });
  }
  if (parts.length === 0) return undefined;
  return parts.length === 1 ? parts[0] : { bool: { filter: parts } };
}

/** The filters as parameters of the HTTP API. `except` is left out, for counts of its own values. */
export function parametersFor(filters: Filters, except?: FacetId): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const { id } of FACETS) {
    const values = filters.values[id];
    if (!values || id === except) continue;
    if (id === "altitude" && values[0] === ON_GROUND) parameters["on_ground"] = "true";
    else parameters[id] = values.join(",");
  }
  return parameters;
}

export function withValues(filters: Filters, facet: FacetId, values: readonly string[]): Filters {
  const next = { ...filters.values };
  if (values.length > 0) next[facet] = values;
  else delete next[facet];
  return { ...filters, values: next };
}

/** Adds the value to its facet, or takes it away. */
export function toggled(filters: Filters, facet: FacetId, value: string): Filters {
  const values = filters.values[facet] ?? [];
  const without = values.filter((each) => each !== value);
  if (without.length < values.length) return withValues(filters, facet, without);
  const single = FACETS.find((each) => each.id === facet)?.single;
  return withValues(filters, facet, single ? [value] : [...values, value]);
}
