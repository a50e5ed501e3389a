import type { Track } from "../api/flights.js";
import { renderChart } from "../charts/chart-frame.js";
import { drawLineChart } from "../charts/line-chart.js";
import { element } from "../dom.js";
import { formatAltitude, formatCompact, formatCount, formatHourMinute, formatSpeed, formatTime } from "../format.js";
import { t } from "../i18n/translate.js";
import { unitSystem } from "../state/units.js";

const TABLE_ROWS = 30;

/** Altitude and speed over time. */
export function renderProfile(body: HTMLElement, { points }: Track): void {
  const { altitude, speed } = unitSystem();
  const every = Math.ceil(points.time.length / TABLE_ROWS);
  const table = {
    caption: t("Altitude and speed of the flight over time"),
    columns: [t("Time (UTC)"), t("Altitude"), t("Speed")],
    rows: points.time.flatMap((time, index) => {
      if (index % every !== 0) return [];
      const [alt, kmh] = [points.alt[index], points.speed[index]];
      return { key: String(time), cells: [formatTime(time), alt == null ? "–" : formatAltitude(alt), kmh == null ? "–" : formatSpeed(kmh)] };
    }),
  };
  if (!body.querySelector("h3")) body.append(element("h3", {}, t("Altitude and speed")));
  renderChart(body, table, () =>
    drawLineChart({
      x: points.time,
      left: { id: "altitude", label: t("Altitude"), values: points.alt.map((metres) => (metres == null ? NaN : altitude.fromMetres(metres))), area: true },
      right: { id: "speed", label: t("Speed"), values: points.speed.map((kmh) => (kmh == null ? NaN : speed.fromKmh(kmh))) },
      formatX: formatHourMinute,
      formatLeft: formatCompact,
      formatRight: formatCount,
    }),
  );
  if (!body.querySelector(".series-legend")) {
    const entry = (id: string, text: string) => element("span", {}, element("i", { class: "swatch", "data-series": id }), text);
    const legend = element("p", { class: "series-legend", "aria-hidden": "true" });
    body.insertBefore(legend, body.querySelector(".chart-numbers"));
    legend.append(entry("altitude", t("Altitude")), entry("speed", t("Speed")));
  }
}
