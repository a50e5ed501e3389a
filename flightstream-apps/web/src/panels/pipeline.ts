import type { PipelineStatus } from "../api/events.js";
import { element, setText } from "../dom.js";
import { formatCount } from "../format.js";
import type { Panel } from "./panel.js";

interface Figure {
  label: string;
  value: (status: PipelineStatus) => string;
}

const FIGURES: readonly Figure[] = [
  { label: "Records/s", value: (status) => formatCount(status.records_per_second) },
  { label: "Lag", value: (status) => formatCount(status.lag) },
  { label: "Rejected", value: (status) => formatCount(rejectedTotal(status)) },
  { label: "Read", value: (status) => formatCount(status.read) },
  { label: "Indexed", value: (status) => formatCount(status.indexed) },
  { label: "Late", value: (status) => formatCount(status.late) },
];

const STATES: Record<PipelineStatus["state"], string> = {
  starting: "Starting: the first records are on their way.",
  running: "Running.",
  done: "Done: the source has no more records.",
};

export const pipeline: Panel = {
  id: "pipeline",
  title: "Pipeline",
  aggs: {},

  render(body, { tick }) {
    if (!tick) return;
    if (!body.querySelector(".figures")) createFigures(body);
    const status = tick.pipeline;
    body.querySelectorAll(".figure-value").forEach((node, index) => setText(node, FIGURES[index]!.value(status)));
    setText(body.querySelector(".panel-note")!, [STATES[status.state], ...reasons(status)].join(" "));
  },
};

function createFigures(body: HTMLElement): void {
  const list = element("dl", { class: "figures" });
  for (const { label } of FIGURES) {
    list.append(element("div", {}, element("dt", {}, label), element("dd", { class: "figure-value" })));
  }
  body.append(list, element("p", { class: "panel-note" }));
}

function rejectedTotal(status: PipelineStatus): number {
  return Object.values(status.rejected).reduce((sum, count) => sum + count, 0);
}

function reasons(status: PipelineStatus): string[] {
  const counted = Object.entries(status.rejected).filter(([, count]) => count > 0);
  if (counted.length === 0) return [];
  counted.sort(([, a], [, b]) => b - a);
  return [`Rejected: ${counted.map(([reason, count]) => `${reason.replaceAll("_", " ")} ${formatCount(count)}`).join(", ")}.`];
}
