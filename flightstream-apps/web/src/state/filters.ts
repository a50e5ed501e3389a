import type { Query } from "../api/search.js";

/** What the user narrowed everything down to. Null means no restriction. */
export interface Filters {
  type: string | null;
}

export const NO_FILTERS: Filters = { type: null };

export function queryFor(filters: Filters): Query | undefined {
  return filters.type === null ? undefined : { terms: { type: [filters.type] } };
}
