import { type PipelineView, fetchPipeline } from "../../api/pipeline.js";
import { drawSparkline } from "../../charts/sparkline.js";
import { element, setText } from "../../dom.js";
import { formatAge, formatCount, formatDecimal } from "../../format.js";
import { t } from "../../i18n/translate.js";
import { renderNote } from "../note.js";
import type { Panel } from "../panel.js";

/** One function for all panels of the view, so that they share one answer. */
export const pipelineView = () => fetchPipeline();

const STATES = {
  starting: "Starting: the first records are on their way.",
  running: "Running.",
  done: "Done: the source has no more records.",
} as const;
const SPARKLINE_S = 300;

interface Figure {
  id: string;
  label: string;
  text: string;
  history?: readonly number[];
}

export const keyFigures: Panel = {
  id: "pipeline",
  title: "Pipeline",
  width: 3,
  fetch: pipelineView,

  render(body, { fetched, tick }) {
    if (!fetched) return;
    const view = fetched as PipelineView;
    const list = body.querySelector("dl") ?? body.appendChild(element("dl", { class: "figures" }));
    for (const figure of figuresOf(view)) renderFigure(list, figure);
    renderNote(body, tick ? t(STATES[tick.pipeline.state]) : "");
  },
};

function figuresOf(view: PipelineView): Figure[] {
  const recent = view.throughput.slice(-SPARKLINE_S);
  const rejected = view.rejected.reduce((sum, { count }) => sum + count, 0);
  const { p50_ms, p99_ms, max_ms } = view.latency;
  const age = (ms: number | null) => (ms === null ? "–" : ms < 10_000 ? `${formatDecimal(ms / 1000)} s` : formatAge(ms));
  return [
    { id: "rate", label: t("Records/s"), text: formatDecimal(view.records_per_second), history: recent.map((each) => each.records_per_second) },
    {
      id: "lag",
      label: t("Lag"),
      text: formatCount(view.stages.reduce((sum, stage) => sum + stage.lag, 0)),
      history: recent.map((each) => each.lag),
    },
    { id: "latency-p50", label: t("Latency, median"), text: age(p50_ms) },
    { id: "latency-p99", label: t("Latency, 99 %"), text: age(p99_ms) },
    { id: "latency-max", label: t("Latency, longest"), text: age(max_ms) },
    { id: "rejected", label: t("Rejected"), text: formatCount(rejected) },
    { id: "late", label: t("Late"), text: formatCount(view.late) },
    {
      id: "unresolved",
      label: t("Airports not in the table"),
      text: formatCount(view.unresolved_airports.departures + view.unresolved_airports.arrivals),
    },
    { id: "windows", label: t("Windows open"), text: formatCount(view.windows_open) },
    { id: "clients", label: t("Pages listening"), text: formatCount(view.clients) },
  ];
}

function renderFigure(list: Element, { id, label, text, history }: Figure): void {
  let value = list.querySelector<HTMLElement>(`[data-figure="${id}"]`);
  if (!value) {
    value = element("dd", { "data-figure": id, class: "figure-value" });
    list.append(element("div", {}, element("dt", {}, label), value, history ? element("dd", { class: "figure-history" }) : null));
  }
  setText(value, text);
  if (history) value.parentElement!.querySelector(".figure-history")!.replaceChildren(drawSparkline(history, SPARKLINE_S));
}
