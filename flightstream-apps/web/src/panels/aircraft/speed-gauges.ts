import { bucketOf, valueOf } from "../../api/search.js";
import { renderChart } from "../../charts/chart-frame.js";
import { drawGauge } from "../../charts/gauge.js";
import { element } from "../../dom.js";
import { formatCount, formatSpeed } from "../../format.js";
import { t } from "../../i18n/translate.js";
import { SPEED_TOP_KMH } from "../../map/colour-scale.js";
import { unitSystem } from "../../state/units.js";
import { airborne } from "./airborne.js";
import { renderNote } from "../note.js";
import type { Panel } from "../panel.js";

/** Beyond what airliners reach with the wind behind them. */
const FULL_KMH = 1.25 * SPEED_TOP_KMH;

export const speedGauges: Panel = {
  id: "speeds",
  title: "Speed",
  aggs: { airborne: airborne({ mean: { avg: { field: "speed" } }, max: { max: { field: "speed" } } }) },

  render(body, { aggregations }) {
    const flying = bucketOf(aggregations, "airborne");
    const figures = [
      { key: "mean", label: t("Mean"), value: valueOf(flying, "mean") },
      { key: "max", label: t("Maximum"), value: valueOf(flying, "max") },
    ];
    const table = {
      caption: t("Mean and maximum speed over ground"),
      columns: [t("Figure"), t("Speed")],
      rows: figures.map(({ key, label, value }) => ({ key, value, cells: [label, value === null ? "–" : formatSpeed(value)] })),
    };
    const { fromKmh, unit } = unitSystem().speed;
    renderChart(body, table, () =>
      element(
        "div",
        { class: "gauges" },
        ...figures.map(({ label, value }) =>
          element(
            "div",
            {},
            drawGauge({
              value,
              full: FULL_KMH,
              text: value === null ? "–" : formatCount(fromKmh(value)),
              unit,
              ends: ["0", formatCount(fromKmh(FULL_KMH))],
            }),
            element("p", { class: "gauge-label" }, label),
          ),
        ),
      ),
    );
    renderNote(body, t("Of {count} airborne aircraft with known speed", { count: formatCount(flying.doc_count) }));
  },
};
