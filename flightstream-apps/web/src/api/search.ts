import { REQUEST_TIMEOUT_MS, apiErrorFrom, endpoint } from "./endpoint.js";

/** The part of Elasticsearch's query DSL that the dashboard sends. */
export type Query = { terms: Record<string, readonly string[]> } | { bool: { filter: readonly Query[] } };

export interface TermsAggregation {
  terms: { field: string; size: number };
  aggs?: Aggregations;
}

export type Aggregation = TermsAggregation;
export type Aggregations = Record<string, Aggregation>;

export interface TermsBucket {
  key: string;
  doc_count: number;
  [subAggregation: string]: unknown;
}

export interface TermsResult {
  sum_other_doc_count: number;
  buckets: TermsBucket[];
}

export type AggregationResults = Record<string, unknown>;

export interface SearchRequest {
  query?: Query;
  aggs: Aggregations;
}

export interface SearchResult {
  total: number;
  aggregations: AggregationResults;
}

interface SearchResponse {
  hits: { total: { value: number } };
  aggregations?: AggregationResults;
}

export async function search(request: SearchRequest): Promise<SearchResult> {
  const response = await fetch(endpoint("search"), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ size: 0, track_total_hits: true, ...request }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  if (!response.ok) throw await apiErrorFrom(response);
  const body = (await response.json()) as SearchResponse;
  return { total: body.hits.total.value, aggregations: body.aggregations ?? {} };
}

/** Reads a terms aggregation out of a result; one that the server left out counts as empty. */
export function termsResult(results: Record<string, unknown>, name: string): TermsResult {
  return (results[name] as TermsResult | undefined) ?? { sum_other_doc_count: 0, buckets: [] };
}
