import { type Aggregations, type Bucket, bucketsOf } from "../../api/search.js";
import { renderChart } from "../../charts/chart-frame.js";
import { type TreemapItem, drawTreemap } from "../../charts/treemap.js";
import { formatCount } from "../../format.js";
import { t } from "../../i18n/translate.js";
import type { FacetId } from "../../state/facets.js";
import { toggled } from "../../state/filters.js";
import { renderNote } from "../note.js";
import type { PanelData } from "../panel.js";

const GROUPS = 18;
const FLIGHTS = 40;
const LISTED = 12;

/** The most frequent values of a field, and flights within each. */
export function treemapOf(field: string): Aggregations {
  return { groups: { terms: { field, size: GROUPS }, aggs: { flights: { terms: { field: "flight_iata", size: FLIGHTS } } } } };
}

export interface TreemapPanel {
  caption: string;
  groupHeader: string;
  facet: FacetId;
  labelOf: (key: string) => string;
}

export function renderTreemap(body: HTMLElement, { aggregations, total, store }: PanelData, panel: TreemapPanel): void {
  const result = bucketsOf(aggregations, "groups");
  const table = {
    caption: panel.caption,
    columns: [panel.groupHeader, t("Aircraft"), t("Flights, some")],
    rows: result.buckets.map((bucket) => ({
      key: String(bucket.key),
      value: bucket.doc_count,
      cells: [panel.labelOf(String(bucket.key)), formatCount(bucket.doc_count), flightsOf(bucket).slice(0, LISTED).join(", ")],
    })),
  };
  renderChart(body, table, () =>
    drawTreemap(result.buckets.map((bucket) => itemOf(bucket, panel)), (key) =>
      store.set({ filters: toggled(store.state.filters, panel.facet, key) }),
    ),
  );
  const listed = result.buckets.reduce((sum, bucket) => sum + bucket.doc_count, 0);
  renderNote(
    body,
    t("{others} of other values · {unknown} not known", {
      others: formatCount(result.sum_other_doc_count),
      unknown: formatCount(Math.max(0, total - listed - result.sum_other_doc_count)),
    }),
  );
}

function flightsOf(bucket: Bucket): string[] {
  return bucketsOf(bucket, "flights").buckets.map((flight) => String(flight.key));
}

function itemOf(bucket: Bucket, panel: TreemapPanel): TreemapItem {
  const label = panel.labelOf(String(bucket.key));
  const flights = bucketsOf(bucket, "flights").buckets;
  const named = flights.reduce((sum, flight) => sum + flight.doc_count, 0);
  const item = { key: String(bucket.key), label, value: bucket.doc_count, title: `${label}: ${formatCount(bucket.doc_count)}` };
  // Most flights are one aircraft. Where not all are known, a dozen would fill the tile of a thousand:
  // there they are written into the tile instead.
  if (named < bucket.doc_count) return { ...item, text: flightsOf(bucket).join(" ") };
  const children = flights.map(({ key, doc_count }) => ({
    key: String(key),
    label: String(key),
    value: doc_count,
    title: `${label} · ${key}: ${formatCount(doc_count)}`,
  }));
  return { ...item, children };
}
