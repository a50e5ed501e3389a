import { element, setText } from "../dom.js";
import { t } from "../i18n/translate.js";

export interface ChartTable {
  /** What the chart shows, in one sentence: its name for those who hear it. */
  caption: string;
  columns: readonly string[];
  /** Labels first; every row as long as `columns`. `key` lets others find it. */
  rows: ReadonlyArray<{ key: string; cells: readonly string[]; value?: number | null }>;
}

/**
 * A drawing and, behind a button, the numbers it was drawn from. The drawing is replaced only when
 * the numbers changed, so that a tooltip stays while one reads it.
 */
export function renderChart(body: HTMLElement, table: ChartTable, draw: () => Element): void {
  const drawnFrom = JSON.stringify([table, document.documentElement.dataset["units"]]);
  if (body.dataset["drawnFrom"] === undefined) {
    body.append(
      element("div", { class: "chart", role: "img" }),
      element("details", { class: "chart-numbers" }, element("summary", {}, t("Table")), element("div", { class: "chart-table", tabindex: 0, role: "group", "aria-label": table.caption })),
    );
  }
  if (body.dataset["drawnFrom"] === drawnFrom) return;
  body.dataset["drawnFrom"] = drawnFrom;
  const chart = body.querySelector<HTMLElement>(".chart")!;
  chart.setAttribute("aria-label", table.caption);
  chart.replaceChildren(draw());
  renderTable(body.querySelector<HTMLElement>(".chart-table")!, table);
}

function renderTable(container: HTMLElement, { caption, columns, rows }: ChartTable): void {
  let table = container.querySelector("table");
  if (!table) {
    table = element("table", { class: "numbers" }, element("caption", { class: "visually-hidden" }), element("thead"), element("tbody"));
    container.append(table);
  }
  setText(table.caption!, caption);
  table.tHead!.replaceChildren(element("tr", {}, ...columns.map((column) => element("th", { scope: "col" }, column))));
  table.tBodies[0]!.replaceChildren(
    ...rows.map(({ key, cells, value }) =>
      element(
        "tr",
        { "data-key": key, "data-value": value ?? null },
        ...cells.map((cell, index) => element(index === 0 ? "th" : "td", { scope: index === 0 ? "row" : null }, cell)),
      ),
    ),
  );
}
