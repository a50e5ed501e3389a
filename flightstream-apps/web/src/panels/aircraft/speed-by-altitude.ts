import { bucketOf, bucketsOf, valueOf } from "../../api/search.js";
import { renderChart } from "../../charts/chart-frame.js";
import { drawLineChart } from "../../charts/line-chart.js";
import { formatAltitude, formatCompact, formatCount, formatSpeed } from "../../format.js";
import { t } from "../../i18n/translate.js";
import { unitSystem } from "../../state/units.js";
import { airborne } from "./airborne.js";
import type { Panel } from "../panel.js";

const BAND_M = 1_000;

export const speedByAltitude: Panel = {
  id: "speed-by-altitude",
  title: "Mean speed by altitude",
  aggs: {
    airborne: airborne({
      bands: { histogram: { field: "alt", interval: BAND_M, min_doc_count: 1 }, aggs: { mean: { avg: { field: "speed" } } } },
    }),
  },

  render(body, { aggregations }) {
    const bands = bucketsOf(bucketOf(aggregations, "airborne"), "bands").buckets.map((bucket) => ({
      from: Number(bucket.key),
      count: bucket.doc_count,
      mean: valueOf(bucket, "mean") ?? NaN,
    }));
    const { altitude, speed } = unitSystem();
    const table = {
      caption: t("Mean speed of airborne aircraft by altitude"),
      columns: [t("Altitude from"), t("Mean speed"), t("Aircraft")],
      rows: bands.map(({ from, mean, count }) => ({
        key: String(from),
        value: mean,
        cells: [formatAltitude(from), formatSpeed(mean), formatCount(count)],
      })),
    };
    renderChart(body, table, () =>
      drawLineChart({
        x: bands.map(({ from }) => altitude.fromMetres(from + BAND_M / 2)),
        left: { id: "speed", label: t("Mean speed"), values: bands.map(({ mean }) => speed.fromKmh(mean)), area: true },
        formatX: (value) => `${formatCompact(value)} ${altitude.unit}`,
        formatLeft: formatCount,
        height: 150,
      }),
    );
  },
};
