import { bucketOf, bucketsOf, valueOf } from "../../api/search.js";
import { formatCount, formatSpeed } from "../../format.js";
import { t } from "../../i18n/translate.js";
import { toggled } from "../../state/filters.js";
import { airborne } from "./airborne.js";
import { renderBarTable } from "../bar-table.js";
import type { Panel } from "../panel.js";

const TOP = 10;

export const fastestTypes: Panel = {
  id: "fastest-types",
  title: "10 fastest types",
  aggs: {
    airborne: airborne({
      types: {
        terms: { field: "aircraft_icao", size: TOP, order: { mean: "desc" } },
        aggs: { mean: { avg: { field: "speed" } } },
      },
    }),
  },

  render(body, { aggregations, store }) {
    const filter = store.state.filters.values.aircraft ?? [];
    renderBarTable(body, {
      caption: t("Types of aircraft by mean speed, airborne aircraft with known speed only"),
      labelHeader: t("Aircraft type"),
      valueHeader: t("Mean speed"),
      rows: bucketsOf(bucketOf(aggregations, "airborne"), "types").buckets.map((bucket) => {
        const mean = valueOf(bucket, "mean") ?? 0;
        return {
          key: String(bucket.key),
          label: String(bucket.key),
          value: mean,
          text: formatSpeed(mean),
          note: `× ${formatCount(bucket.doc_count)}`,
          segments: [{ kind: "speed", value: mean }],
          pressed: filter.includes(String(bucket.key)),
        };
      }),
      onPress: (type) => store.set({ filters: toggled(store.state.filters, "aircraft", type) }),
    });
  },
};
