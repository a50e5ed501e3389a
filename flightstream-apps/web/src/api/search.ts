import { REQUEST_TIMEOUT_MS, apiErrorFrom, endpoint } from "./endpoint.js";

/** The part of Elasticsearch's query DSL that the dashboard sends. */
export type Query =
  | { terms: Record<string, readonly string[]> }
  | { term: Record<string, string | boolean> }
  | { range: Record<string, { gte?: number; lt?: number }> }
  | { exists: { field: string } }
  | { prefix: Record<string, string> }
  | { geo_bounding_box: Record<string, unknown> }
  | { bool: { filter?: readonly Query[]; should?: readonly Query[]; must_not?: readonly Query[] } };

/** Any aggregation, in Elasticsearch's form. */
export interface Aggregation {
  aggs?: Aggregations;
  [kind: string]: unknown;
}

export type Aggregations = Record<string, Aggregation>;

export interface Bucket {
  key: string | number;
  doc_count: number;
  [subAggregation: string]: unknown;
}

export interface BucketsResult {
  sum_other_doc_count: number;
  buckets: Bucket[];
}

export type AggregationResults = Record<string, unknown>;

export interface SearchRequest {
  query?: Query | undefined;
  aggs?: Aggregations;
  from?: number;
  size?: number;
  sort?: ReadonlyArray<Record<string, "asc" | "desc">>;
  search_after?: readonly unknown[];
  _source?: boolean | readonly string[];
}

export interface Hit<Document> {
  _id: string;
  _source: Document;
  sort?: unknown[];
}

export interface SearchResult<Document = unknown> {
  total: number;
  hits: Array<Hit<Document>>;
  aggregations: AggregationResults;
}

interface SearchResponse<Document> {
  hits: { total: { value: number }; hits: Array<Hit<Document>> };
  aggregations?: AggregationResults;
}

export async function search<Document = unknown>(request: SearchRequest): Promise<SearchResult<Document>> {
  const response = await fetch(endpoint("search"), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ size: 0, track_total_hits: true, ...request }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  if (!response.ok) throw await apiErrorFrom(response);
  const body = (await response.json()) as SearchResponse<Document>;
  return { total: body.hits.total.value, hits: body.hits.hits, aggregations: body.aggregations ?? {} };
}

/** Reads an aggregation with buckets; one that the server left out counts as empty. */
export function bucketsOf(results: Record<string, unknown>, name: string): BucketsResult {
  return (results[name] as BucketsResult | undefined) ?? { sum_other_doc_count: 0, buckets: [] };
}

/** Reads an aggregation of one number; null where no document had a value. */
export function valueOf(results: Record<string, unknown>, name: string): number | null {
  return (results[name] as { value: number | null } | undefined)?.value ?? null;
}

/** Reads an aggregation of one bucket. */
export function bucketOf(results: Record<string, unknown>, name: string): Record<string, unknown> & { doc_count: number } {
  return (results[name] as Bucket | undefined) ?? { doc_count: 0 };
}
