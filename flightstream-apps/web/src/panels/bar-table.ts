import { element, setText } from "../dom.js";
import { formatCount } from "../format.js";

export interface BarSegment {
  /** Names the colour, by the style sheet's `.segment[data-kind]`. */
  kind: string;
  value: number;
}

export interface BarRow {
  key: string;
  label: string;
  value: number;
  /** What stands beside the number, such as a share. */
  note?: string;
  segments: readonly BarSegment[];
  /** Makes the label a toggle button. */
  pressed?: boolean;
}

export interface BarTable {
  caption: string;
  labelHeader: string;
  valueHeader: string;
  rows: readonly BarRow[];
  /** The value of a full bar; the largest row's unless given. */
  fullBar?: number;
  onToggle?: (key: string) => void;
}

/**
 * A bar chart that is a table, so that it can be read as numbers, copied, and heard. Updates in
 * place: rows keep their elements, so focus stays where it is and the bars glide to the new length.
 */
export function renderBarTable(body: HTMLElement, model: BarTable): void {
  const table = body.querySelector<HTMLTableElement>("table.bars") ?? createTable(body, model);
  const rows = table.tBodies[0]!;
  const existing = new Map([...rows.rows].map((row) => [row.dataset["key"]!, row]));
  const fullBar = Math.max(1, model.fullBar ?? Math.max(...model.rows.map((row) => row.value)));

  model.rows.forEach((rowModel, index) => {
    const row = existing.get(rowModel.key) ?? createRow(rowModel, model.onToggle);
    existing.delete(rowModel.key);
    updateRow(row, rowModel, fullBar);
    if (rows.rows[index] !== row) rows.insertBefore(row, rows.rows[index] ?? null);
  });
  for (const gone of existing.values()) gone.remove();
}

function createTable(body: HTMLElement, model: BarTable): HTMLTableElement {
  const table = element(
    "table",
    { class: "bars" },
    element("caption", { class: "visually-hidden" }, model.caption),
    element("colgroup", {}, element("col"), element("col", { class: "bar-value-column" })),
    element(
      "thead",
      { class: "visually-hidden" },
      element(
        "tr",
        {},
        element("th", { scope: "col" }, model.labelHeader),
        element("th", { scope: "col" }, model.valueHeader),
      ),
    ),
    element("tbody"),
  );
  body.append(table);
  return table;
}

function createRow(model: BarRow, onToggle: BarTable["onToggle"]): HTMLTableRowElement {
  const label = onToggle
    ? element("button", { type: "button", class: "bar-label" })
    : element("span", { class: "bar-label" });
  if (onToggle) label.addEventListener("click", () => onToggle(model.key));
  return element(
    "tr",
    { "data-key": model.key },
    element("th", { scope: "row" }, label, element("span", { class: "bar", "aria-hidden": "true" })),
    element("td", {}, element("span", { class: "bar-value" }), element("span", { class: "bar-note" })),
  );
}

function updateRow(row: HTMLTableRowElement, model: BarRow, fullBar: number): void {
  row.dataset["count"] = String(model.value);
  const label = row.querySelector<HTMLElement>(".bar-label")!;
  setText(label, model.label);
  label.title = model.label;
  if (model.pressed !== undefined) label.setAttribute("aria-pressed", String(model.pressed));
  setText(row.querySelector(".bar-value")!, formatCount(model.value));
  setText(row.querySelector(".bar-note")!, model.note ?? "");
  updateSegments(row.querySelector<HTMLElement>(".bar")!, model.segments, fullBar);
}

function updateSegments(bar: HTMLElement, segments: readonly BarSegment[], fullBar: number): void {
  segments.forEach((segment, index) => {
    const part = (bar.children[index] as HTMLElement | undefined) ?? bar.appendChild(element("span", { class: "segment" }));
    part.dataset["kind"] = segment.kind;
    part.style.setProperty("width", `${((segment.value / fullBar) * 100).toFixed(2)}%`);
  });
  while (bar.children.length > segments.length) bar.lastChild!.remove();
}
