import { svg } from "../dom.js";

export interface Gauge {
  value: number | null;
  /** Where the dial ends. */
  full: number;
  text: string;
  unit: string;
  ends: readonly [string, string];
}

const RADIUS = 52;
const CENTRE = { x: 70, y: 66 };

/** A half dial. */
export function drawGauge({ value, full, text, unit, ends }: Gauge): SVGElement {
  const share = value === null ? 0 : Math.max(0, Math.min(1, value / full));
  return svg(
    "svg",
    { viewBox: "0 0 140 92", class: "gauge" },
    svg("path", { d: arc(1), class: "gauge-track" }),
    share > 0.002 && svg("path", { d: arc(share), class: "gauge-value" }),
    svg("text", { x: CENTRE.x, y: CENTRE.y - 8, class: "gauge-text" }, text),
    svg("text", { x: CENTRE.x, y: CENTRE.y + 8, class: "gauge-unit" }, unit),
    svg("text", { x: CENTRE.x - RADIUS, y: CENTRE.y + 18, class: "gauge-end" }, ends[0]),
    svg("text", { x: CENTRE.x + RADIUS, y: CENTRE.y + 18, class: "gauge-end" }, ends[1]),
  );
}

function arc(share: number): string {
  const angle = Math.PI * (1 - share);
  const x = CENTRE.x + RADIUS * Math.cos(angle);
  const y = CENTRE.y - RADIUS * Math.sin(angle);
  return `M${CENTRE.x - RADIUS} ${CENTRE.y}A${RADIUS} ${RADIUS} 0 0 1 ${x.toFixed(2)} ${y.toFixed(2)}`;
}
