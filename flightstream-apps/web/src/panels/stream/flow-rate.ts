import type { PipelineView } from "../../api/pipeline.js";
import { renderChart } from "../../charts/chart-frame.js";
import { drawLineChart } from "../../charts/line-chart.js";
import { formatCompact, formatCount, formatDecimal, formatTime } from "../../format.js";
import { t } from "../../i18n/translate.js";
import { renderNote } from "../note.js";
import type { Panel } from "../panel.js";
import { pipelineView } from "./key-figures.js";

const TABLE_EVERY = 30;

export const flowRate: Panel = {
  id: "flow-rate",
  title: "Throughput and lag, ten minutes",
  width: 2,
  fetch: pipelineView,

  render(body, { fetched }) {
    if (!fetched) return;
    const { throughput } = fetched as PipelineView;
    const table = {
      caption: t("Records a second, and messages not yet processed"),
      columns: [t("Time (UTC)"), t("Records/s"), t("Lag")],
      rows: throughput
        .filter((_, index) => index % TABLE_EVERY === 0 || index === throughput.length - 1)
        .map(({ time, records_per_second, lag }) => ({
          key: String(time),
          value: records_per_second,
          cells: [formatTime(time), formatDecimal(records_per_second), formatCount(lag)],
        })),
    };
    renderChart(body, table, () =>
      drawLineChart({
        x: throughput.map(({ time }) => time),
        left: { id: "rate", label: t("Records/s"), values: throughput.map((each) => each.records_per_second), area: true },
        right: { id: "lag", label: t("Lag"), values: throughput.map((each) => each.lag) },
        formatX: formatTime,
        formatLeft: formatCompact,
        width: 620,
        height: 170,
      }),
    );
    renderNote(body, t("Left axis: records a second. Right axis: lag, in messages."));
  },
};
