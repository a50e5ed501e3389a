import { type Aggregations, type TermsBucket, type TermsResult, termsResult } from "../api/search.js";
import { element, setText } from "../dom.js";
import { formatCount } from "../format.js";
import { type BarSegment, renderBarTable } from "./bar-table.js";
import { FLIGHT_TYPES } from "./flight-types.js";
import type { PanelData } from "./panel.js";

const TOP = 10;

/** Airports with the most aircraft, each split by type of flight. */
export function airportRanking(field: "Departure" | "Arrival"): Aggregations {
  return {
    airports: {
      terms: { field, size: TOP },
      aggs: { by_type: { terms: { field: "type", size: FLIGHT_TYPES.length } } },
    },
  };
}

export function renderAirportRanking(body: HTMLElement, data: PanelData, caption: string): void {
  const result = termsResult(data.aggregations, "airports");
  renderBarTable(body, {
    caption,
    labelHeader: "Airport",
    valueHeader: "Aircraft",
    rows: result.buckets.map((bucket) => ({
      key: bucket.key,
      label: bucket.key,
      value: bucket.doc_count,
      segments: segmentsOf(bucket),
    })),
  });
  const note = body.querySelector(".panel-note") ?? body.appendChild(element("p", { class: "panel-note" }));
  setText(note, coverage(result, data.total));
}

function segmentsOf(bucket: TermsBucket): BarSegment[] {
  const counts = new Map(termsResult(bucket, "by_type").buckets.map((type) => [type.key, type.doc_count]));
  return FLIGHT_TYPES.map((kind) => ({ kind, value: counts.get(kind) ?? 0 }));
}

// A ranking of what is known says nothing about the rest, so the rest is stated.
function coverage(result: TermsResult, total: number): string {
  const listed = result.buckets.reduce((sum, bucket) => sum + bucket.doc_count, 0);
  const others = result.sum_other_doc_count;
  const unknown = Math.max(0, total - listed - others);
  return `${formatCount(others)} at other airports · ${formatCount(unknown)} not known`;
}
