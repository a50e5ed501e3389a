import { type Aggregations, type Bucket, bucketsOf } from "../../api/search.js";
import { element } from "../../dom.js";
import { formatCount } from "../../format.js";
import { t } from "../../i18n/translate.js";
import { type BarSegment, renderBarTable } from "../bar-table.js";
import { FLIGHT_TYPES } from "./flight-types.js";
import { renderNote } from "../note.js";
import type { PanelData } from "../panel.js";

const TOP = 10;

/** Airports with the most aircraft, each split by type of flight. */
export function airportRanking(field: "Departure" | "Arrival", code: "dep_iata" | "arr_iata"): Aggregations {
  return {
    airports: {
      terms: { field, size: TOP },
      aggs: {
        by_type: { terms: { field: "type", size: FLIGHT_TYPES.length } },
        code: { terms: { field: code, size: 1 } },
      },
    },
  };
}

export function renderAirportRanking(body: HTMLElement, { aggregations, total, store }: PanelData, caption: string): void {
  const result = bucketsOf(aggregations, "airports");
  const codes = new Map(result.buckets.map((bucket) => [String(bucket.key), codeOf(bucket)]));
  renderBarTable(body, {
    caption,
    labelHeader: t("Airport"),
    valueHeader: t("Aircraft"),
    rows: result.buckets.map((bucket) => ({
      key: String(bucket.key),
      label: [codeOf(bucket), bucket.key].filter(Boolean).join(" · "),
      value: bucket.doc_count,
      segments: segmentsOf(bucket),
    })),
    onPress: (name) => {
      const airport = codes.get(name);
      if (airport) store.set({ airport, selectedHex: null, selectedFlight: null, selectedTrack: null });
    },
  });
  const listed = result.buckets.reduce((sum, bucket) => sum + bucket.doc_count, 0);
  const others = result.sum_other_doc_count;
  const unknown = Math.max(0, total - listed - others);
  // A ranking of what is known says nothing about the rest, so the rest is stated.
  const coverage = { others: formatCount(others), unknown: formatCount(unknown) };
  renderNote(body, t("{others} at other airports · {unknown} not known", coverage));
  if (!body.querySelector(".kind-legend")) body.append(kindLegend());
}

function codeOf(bucket: Bucket): string | undefined {
  const key = bucketsOf(bucket, "code").buckets[0]?.key;
  return key === undefined ? undefined : String(key);
}

function segmentsOf(bucket: Bucket): BarSegment[] {
  const counts = new Map(bucketsOf(bucket, "by_type").buckets.map((type) => [type.key, type.doc_count]));
  return FLIGHT_TYPES.map((kind) => ({ kind, label: t(kind), value: counts.get(kind) ?? 0 }));
}

function kindLegend(): HTMLElement {
  const marks = FLIGHT_TYPES.map((kind) => element("span", {}, element("i", { class: "swatch segment", "data-kind": kind }), t(kind)));
  return element("p", { class: "kind-legend", "aria-hidden": "true" }, ...marks);
}
