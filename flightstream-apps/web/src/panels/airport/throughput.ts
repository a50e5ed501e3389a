import { type Throughput, type Trend, fetchThroughput } from "../../api/airports.js";
import { renderChart } from "../../charts/chart-frame.js";
import { drawColumnChart } from "../../charts/column-chart.js";
import { element } from "../../dom.js";
import { formatCount, formatHourMinute, formatShare } from "../../format.js";
import { t } from "../../i18n/translate.js";
import { renderNote } from "../note.js";
import type { Panel } from "../panel.js";

export const throughput: Panel = {
  id: "throughput",
  title: "Throughput per 15 minutes",
  fetch: () => fetchThroughput(),

  render(body, { fetched }) {
    if (fetched) renderThroughput(body, fetched as Throughput);
  },
};

/** Arrivals and departures per window with their trend, of one airport or of all. */
export function renderThroughput(body: HTMLElement, data: Throughput): void {
  const windows = data.available ? data.windows : [];
  const firstOpen = windows.findIndex((window) => !window.complete);
  const labels = windows.map((window) => formatHourMinute(window.from));
  const table = {
    caption: t("Aircraft reporting an airport as their arrival or departure, per 15 minutes"),
    columns: [t("From (UTC)"), t("Arrivals"), t("Departures"), t("Complete")],
    rows: windows.map((window, index) => ({
      key: String(window.from),
      value: window.arrivals,
      cells: [labels[index]!, formatCount(window.arrivals), formatCount(window.departures), window.complete ? t("yes") : t("no")],
    })),
  };
  body.querySelector(".chart")?.classList.toggle("empty", windows.length === 0);
  if (windows.length > 0) {
    renderChart(body, table, () =>
      drawColumnChart({
        labels,
        openFrom: firstOpen === -1 ? windows.length : firstOpen,
        series: [
          { id: "arrivals", label: t("Arrivals"), values: windows.map((window) => window.arrivals) },
          { id: "departures", label: t("Departures"), values: windows.map((window) => window.departures) },
        ],
      }),
    );
    if (!body.querySelector(".series-legend")) body.insertBefore(seriesLegend(), body.querySelector(".chart-numbers"));
  }
  renderNote(body, describe(data, windows.length));
}

function describe(data: Throughput, count: number): string {
  if (!data.available) return t("No airport statistics are kept: start with --statistics airport.");
  if (count === 0) return t("The first window is still open.");
  return [
    `${t("Arrivals")} ${trendText(data.arrivals_trend)}`,
    `${t("Departures")} ${trendText(data.departures_trend)}`,
    t("lighter: window still open"),
  ].join(" · ");
}

function trendText({ direction, change }: Trend): string {
  const arrow = { rising: "↗", steady: "→", falling: "↘", unknown: "–" }[direction];
  const share = change === undefined ? "" : ` ${change > 0 ? "+" : ""}${formatShare(change, 1)}`;
  return `${arrow} ${t(direction)}${share}`;
}

export function seriesLegend(): HTMLElement {
  return element(
    "p",
    { class: "series-legend", "aria-hidden": "true" },
    element("span", {}, element("i", { class: "swatch", "data-series": "arrivals" }), t("Arrivals")),
    element("span", {}, element("i", { class: "swatch", "data-series": "departures" }), t("Departures")),
  );
}
