import { element } from "../dom.js";

export interface SimpleTable {
  caption: string;
  columns: readonly string[];
  rows: ReadonlyArray<{ key: string; cells: ReadonlyArray<string | Node> }>;
  /** What stands in place of an empty table. */
  empty: string;
}

/** Rows of text and numbers. Drawn again only when something in it changed. */
export function renderSimpleTable(body: HTMLElement, { caption, columns, rows, empty }: SimpleTable): void {
  const holder = body.querySelector<HTMLElement>(".simple-table") ?? body.appendChild(element("div", { class: "simple-table", tabindex: 0, role: "group", "aria-label": caption }));
  const drawnFrom = JSON.stringify(rows.map(({ key, cells }) => [key, ...cells.map((cell) => (typeof cell === "string" ? cell : cell.textContent))]));
  if (holder.dataset["drawnFrom"] === drawnFrom) return;
  holder.dataset["drawnFrom"] = drawnFrom;
  if (rows.length === 0) {
    holder.replaceChildren(element("p", { class: "panel-note" }, empty));
    return;
  }
  holder.replaceChildren(
    element(
      "table",
      { class: "numbers" },
      element("caption", { class: "visually-hidden" }, caption),
      element("thead", {}, element("tr", {}, ...columns.map((column) => element("th", { scope: "col" }, column)))),
      element(
        "tbody",
        {},
        ...rows.map(({ key, cells }) =>
          element(
            "tr",
            { "data-key": key },
            ...cells.map((cell, index) => element(index === 0 ? "th" : "td", { scope: index === 0 ? "row" : null }, cell)),
          ),
        ),
      ),
    ),
  );
}
