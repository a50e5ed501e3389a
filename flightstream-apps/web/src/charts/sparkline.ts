import { svg } from "../dom.js";

const WIDTH = 160;
const HEIGHT = 36;

/** The last values of a figure, without axes. */
export function drawSparkline(values: readonly number[], slots: number): SVGElement {
  const top = Math.max(1e-9, ...values);
  const step = WIDTH / Math.max(1, slots - 1);
  const from = WIDTH - step * (values.length - 1);
  const points = values.map((value, index) => `${(from + step * index).toFixed(1)} ${(HEIGHT - 2 - (value / top) * (HEIGHT - 4)).toFixed(1)}`);
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "sparkline", preserveAspectRatio: "none", "aria-hidden": "true" });
  if (points.length > 1) {
    drawing.append(
      svg("path", { d: `M${points.join("L")}L${WIDTH} ${HEIGHT}L${from.toFixed(1)} ${HEIGHT}Z`, class: "area" }),
      svg("path", { d: `M${points.join("L")}`, class: "line" }),
    );
  }
  return drawing;
}
