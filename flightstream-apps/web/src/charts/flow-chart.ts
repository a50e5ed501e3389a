import { svg } from "../dom.js";

export interface FlowNode {
  id: string;
  kind: "topic" | "stage";
  title: string;
  lines: readonly string[];
  tooltip: string;
  /** Names the colour of a stage's mark. */
  health?: string;
}

export interface FlowEdge {
  from: string;
  to: string;
}

const WIDTH = 178;
const HEIGHT = { topic: 34, stage: 62 } as const;
const GAP_X = 46;
const GAP_Y = 16;

/** Boxes in columns, each to the right of what it follows, and arrows between them. */
export function drawFlowChart(nodes: readonly FlowNode[], edges: readonly FlowEdge[]): SVGElement {
  const columns = columnsOf(nodes, edges);
  const heights = columns.map((column) => column.reduce((sum, node) => sum + HEIGHT[node.kind] + GAP_Y, -GAP_Y));
  const height = Math.max(...heights, 0) + 4;
  const width = columns.length * (WIDTH + GAP_X) - GAP_X + 4;
  const places = new Map<string, { x: number; y: number; height: number }>();
  columns.forEach((column, index) => {
    let y = 2 + (height - 4 - heights[index]!) / 2;
    for (const node of column) {
      places.set(node.id, { x: 2 + index * (WIDTH + GAP_X), y, height: HEIGHT[node.kind] });
      y += HEIGHT[node.kind] + GAP_Y;
    }
  });
  const chart = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "flow-chart" });
  chart.style.setProperty("max-width", `${width * 1.25}px`);
  for (const { from, to } of edges) {
    const start = places.get(from);
    const end = places.get(to);
    if (start && end) chart.append(arrow(start.x + WIDTH, start.y + start.height / 2, end.x, end.y + end.height / 2));
  }
  for (const node of columns.flat()) chart.append(box(node, places.get(node.id)!));
  return chart;
}

function columnsOf(nodes: readonly FlowNode[], edges: readonly FlowEdge[]): FlowNode[][] {
  const depths = new Map(nodes.map((node) => [node.id, 0]));
  // A pass for every node is enough for the longest way; a circle stops there too.
  for (let pass = 0; pass < nodes.length; pass++) {
    let moved = false;
    for (const { from, to } of edges) {
      const depth = (depths.get(from) ?? 0) + 1;
      if (depth > (depths.get(to) ?? 0) && depth < nodes.length) {
        depths.set(to, depth);
        moved = true;
      }
    }
    if (!moved) break;
  }
  const columns: FlowNode[][] = [];
  for (const node of nodes) (columns[depths.get(node.id)!] ??= []).push(node);
  return columns.filter(Boolean);
}

function arrow(x1: number, y1: number, x2: number, y2: number): SVGElement {
  const bend = (x2 - x1) / 2;
  return svg(
    "g",
    { class: "flow-edge" },
    svg("path", { d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - 6} ${y2}` }),
    svg("path", { class: "flow-head", d: `M${x2 - 8} ${y2 - 4}L${x2 - 1} ${y2}L${x2 - 8} ${y2 + 4}Z` }),
  );
}

function box(node: FlowNode, { x, y, height }: { x: number; y: number; height: number }): SVGElement {
  const group = svg(
    "g",
    { class: `flow-node ${node.kind}`, transform: `translate(${x} ${y})` },
    svg("title", {}, node.tooltip),
    svg("rect", { width: WIDTH, height, rx: node.kind === "topic" ? height / 2 : 8 }),
    svg("text", { x: node.kind === "topic" ? WIDTH / 2 : 12, y: 21, class: "flow-title" }, node.title),
  );
  if (node.health) group.append(svg("circle", { cx: WIDTH - 16, cy: 17, r: 5, "data-health": node.health }));
  node.lines.forEach((line, index) => group.append(svg("text", { x: 12, y: 38 + index * 15, class: "flow-line" }, line)));
  return group;
}
