import type { Operator, PipelineView, Stage } from "../../api/pipeline.js";
import { renderChart } from "../../charts/chart-frame.js";
import { type FlowEdge, type FlowNode, drawFlowChart } from "../../charts/flow-chart.js";
import { formatCount, formatDecimal } from "../../format.js";
import { t } from "../../i18n/translate.js";
import type { Panel } from "../panel.js";
import { renderNote } from "../note.js";
import { pipelineView } from "./key-figures.js";

/** What is behind sinks that are no topic. */
const SINKS: Record<string, string> = {
  IndexSink: "Search index",
  RecentSink: "Trails and alerts",
  WindowsSink: "Throughput per window",
};

export const topology: Panel = {
  id: "topology",
  title: "Stages",
  width: 3,
  fetch: pipelineView,

  render(body, { fetched }) {
    if (!fetched) return;
    const { stages } = fetched as PipelineView;
    if (stages.length === 0) {
      renderNote(body, t("No stage runs in this process: the index is a search cluster's."));
      return;
    }
    const table = {
      caption: t("The stages, what they read and write, and how they fare"),
      columns: [t("Stage"), t("Reads"), t("Operators"), t("Writes"), t("State"), t("Read"), t("Written"), t("Rejected"), t("Records/s"), t("Lag"), t("Restarts")],
      rows: stages.map((stage) => ({
        key: stage.name,
        value: stage.read,
        cells: [
          stage.name,
          stage.topic,
          operatorsOf(stage).join(" → "),
          sinkOf(stage),
          t(stage.health),
          formatCount(stage.read),
          formatCount(stage.emitted),
          formatCount(rejectedOf(stage)),
          formatDecimal(stage.per_second),
          formatCount(stage.lag),
          formatCount(stage.restarts),
        ],
      })),
    };
    renderChart(body, table, () => drawFlowChart(...flowOf(stages)));
  },
};

function flowOf(stages: readonly Stage[]): [FlowNode[], FlowEdge[]] {
  const nodes = new Map<string, FlowNode>();
  const edges: FlowEdge[] = [];
  const addTopic = (name: string, kind: string) => {
    const id = `topic:${name}`;
    if (!nodes.has(id)) nodes.set(id, { id, kind: "topic", title: name, lines: [], tooltip: `${kind} ${name}` });
    return id;
  };
  for (const stage of stages) {
    const source = addTopic(stage.topic, t("Topic"));
    const id = `stage:${stage.name}`;
    nodes.set(id, {
      id,
      kind: "stage",
      title: stage.name,
      health: stage.health,
      lines: [
        t("{rate}/s · lag {lag}", { rate: formatDecimal(stage.per_second), lag: formatCount(stage.lag) }),
        t("{count} rejected", { count: formatCount(rejectedOf(stage)) }),
      ],
      tooltip: [`${stage.name}: ${t(stage.health)}`, operatorsOf(stage).join(" → "), stage.last_failure].filter(Boolean).join("\n"),
    });
    edges.push({ from: source, to: id }, { from: id, to: addTopic(sinkOf(stage), t("Written by {stage}", { stage: stage.name })) });
  }
  return [[...nodes.values()], edges];
}

function sinkOf(stage: Stage): string {
  const sink = stage.topology?.sink;
  return sink?.topic ?? t(SINKS[sink?.kind ?? ""] ?? sink?.kind ?? "–");
}

function operatorsOf(stage: Stage): string[] {
  const names: string[] = [];
  const visit = (operator: Operator) => {
    for (const input of operator.inputs) visit(input);
    if (operator.name !== "source") names.push(operator.name);
  };
  if (stage.topology?.pipeline) visit(stage.topology.pipeline);
  return names;
}

function rejectedOf(stage: Stage): number {
  return Object.values(stage.rejected).reduce((sum, count) => sum + count, 0);
}
