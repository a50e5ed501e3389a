import { svg } from "../dom.js";
import { axisSteps } from "./axis.js";

export interface Line {
  /** Names the colour, by the style sheet's `[data-series]`. */
  id: string;
  label: string;
  /** NaN is a gap. */
  values: readonly number[];
  /** Filled down to the axis. */
  area?: boolean;
}

export interface LineChart {
  /** Positions along the axis, growing. */
  x: readonly number[];
  /** Drawn against the left axis, and the second one against the right axis. */
  left: Line;
  right?: Line;
  formatX: (x: number) => string;
  formatLeft: (value: number) => string;
  formatRight?: (value: number) => string;
  width?: number;
  height?: number;
}

const BOTTOM = 18;
const TOP = 8;
const SIDE = 36;

/** One or two lines over one axis. */
export function drawLineChart(chart: LineChart): SVGElement {
  const { x, left, right, width = 320, height = 130 } = chart;
  const rightEdge = width - (right ? SIDE : 6);
  const first = x[0] ?? 0;
  const span = Math.max(1e-9, (x.at(-1) ?? 1) - first);
  const place = (at: number) => SIDE + ((at - first) / span) * (rightEdge - SIDE);
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "line-chart" });
  const draw = (line: Line, format: (value: number) => string, isLeft: boolean) => {
    const steps = axisSteps(Math.max(0, ...line.values.filter(Number.isFinite)));
    const top = steps.at(-1)!;
    const y = (value: number) => TOP + (height - TOP - BOTTOM) * (1 - Math.max(0, value) / top);
    for (const step of steps) {
      if (isLeft) drawing.append(svg("line", { x1: SIDE, x2: rightEdge, y1: y(step), y2: y(step), class: "grid-line" }));
      drawing.append(
        svg(
          "text",
          { x: isLeft ? SIDE - 5 : rightEdge + 5, y: y(step) + 3, class: isLeft ? "axis-text end" : "axis-text start", "data-series": right ? line.id : null },
          format(step),
        ),
      );
    }
    for (const run of runsOf(line.values)) {
      const points = run.map((index) => `${place(x[index]!).toFixed(1)} ${y(line.values[index]!).toFixed(1)}`);
      if (line.area && run.length > 1) {
        const down = `L${place(x[run.at(-1)!]!).toFixed(1)} ${y(0)}L${place(x[run[0]!]!).toFixed(1)} ${y(0)}Z`;
        drawing.append(svg("path", { d: `M${points.join("L")}${down}`, class: "area", "data-series": line.id }));
      }
      drawing.append(svg("path", { d: `M${points.join("L")}${run.length === 1 ? "h0.1" : ""}`, class: "line", "data-series": line.id }));
    }
  };
  draw(left, chart.formatLeft, true);
  if (right) draw(right, chart.formatRight ?? chart.formatLeft, false);
  for (const share of [0, 0.5, 1]) {
    const anchor = share === 0 ? "start" : share === 1 ? "end" : "";
    const at = first + span * share;
    drawing.append(svg("text", { x: place(at), y: height - 4, class: `axis-text ${anchor}` }, x.length > 0 ? chart.formatX(at) : ""));
  }
  return drawing;
}

function runsOf(values: readonly number[]): number[][] {
  const runs: number[][] = [];
  let run: number[] = [];
  values.forEach((value, index) => {
    if (Number.isFinite(value)) run.push(index);
    else if (run.length > 0) {
      runs.push(run);
      run = [];
    }
  });
  if (run.length > 0) runs.push(run);
  return runs;
}
