import { svg } from "../dom.js";
import { formatCompact } from "../format.js";
import { axisSteps } from "./axis.js";

export interface ColumnSeries {
  /** Names the colour, by the style sheet's `[data-series]`. */
  id: string;
  label: string;
  values: ReadonlyArray<number | null>;
}

export interface ColumnChart {
  labels: readonly string[];
  series: readonly ColumnSeries[];
  /** Columns that are not yet complete are drawn lighter. */
  openFrom?: number;
  /** A line over the columns. */
  trend?: ReadonlyArray<number | null>;
  height?: number;
}

const WIDTH = 320;
const LEFT = 30;
const BOTTOM = 18;
const TOP = 8;
const MOST_LABELS = 6;

/** Columns side by side over a common axis. */
export function drawColumnChart({ labels, series, openFrom = labels.length, trend, height = 140 }: ColumnChart): SVGElement {
  const all = [...series.flatMap((each) => each.values), ...(trend ?? [])];
  const steps = axisSteps(Math.max(1, ...all.map((value) => value ?? 0)));
  const top = steps.at(-1)!;
  const y = (value: number) => TOP + (height - TOP - BOTTOM) * (1 - value / top);
  const slot = (WIDTH - LEFT) / Math.max(1, labels.length);
  const width = Math.max(1, Math.min(16, (slot * 0.8) / series.length));
  const every = Math.ceil(labels.length / MOST_LABELS);
  const chart = svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, class: "column-chart" });
  for (const step of steps) {
    chart.append(
      svg("line", { x1: LEFT, x2: WIDTH, y1: y(step), y2: y(step), class: "grid-line" }),
      svg("text", { x: LEFT - 5, y: y(step) + 3, class: "axis-text end" }, formatCompact(step)),
    );
  }
  labels.forEach((label, index) => {
    const middle = LEFT + slot * (index + 0.5);
    series.forEach(({ id, label: name, values }, order) => {
      const value = values[index];
      if (value === null || value === undefined) return;
      const x = middle + (order - series.length / 2) * width;
      chart.append(
        svg(
          "rect",
          {
            x: x + 0.5,
            y: y(value),
            width: Math.max(0.6, width - 1),
            height: Math.max(0, y(0) - y(value)),
            "data-series": id,
            class: index >= openFrom ? "column open" : "column",
          },
          svg("title", {}, `${label} · ${name}: ${value}`),
        ),
      );
    });
    if (index % every === 0) chart.append(svg("text", { x: middle, y: height - 4, class: "axis-text" }, label));
  });
  if (trend) {
    const points = trend.flatMap((value, index) => (value === null ? [] : [`${LEFT + slot * (index + 0.5)},${y(value).toFixed(1)}`]));
    chart.append(svg("polyline", { points: points.join(" "), class: "trend-line" }));
  }
  return chart;
}
