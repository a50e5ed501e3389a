import { element, setText } from "../dom.js";
import { formatCount } from "../format.js";

export interface BarSegment {
  /** Names the colour, by the style sheet's `.segment[data-kind]`. */
  kind: string;
  /** Said of the segment in its tooltip, and to those who hear the table. */
  label?: string;
  value: number;
}

export interface BarRow {
  key: string;
  label: string;
  value: number;
  /** The value as it is written, if not as a count. */
  text?: string;
  /** What stands beside the number, such as a share. */
  note?: string;
  segments: readonly BarSegment[];
  /** Whether the label's toggle button is on; absent where the button does not toggle. */
  pressed?: boolean;
}

export interface BarTable {
  caption: string;
  labelHeader: string;
  valueHeader: string;
  rows: readonly BarRow[];
  /** The value of a full bar; the largest row's unless given. */
  fullBar?: number;
  onPress?: (key: string) => void;
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
    const row = existing.get(rowModel.key) ?? createRow(rowModel, model.onPress);
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

function createRow(model: BarRow, onPress: BarTable["onPress"]): HTMLTableRowElement {
  const label = onPress
    ? element("button", { type: "button", class: "bar-label" })
    : element("span", { class: "bar-label" });
  if (onPress) label.addEventListener("click", () => onPress(model.key));
  return element(
    "tr",
    { "data-key": model.key },
    element("th", { scope: "row" }, label, element("span", { class: "bar", "aria-hidden": "true" })),
    element(
      "td",
      {},
      element("span", { class: "bar-value" }),
      element("span", { class: "bar-note" }),
      element("span", { class: "bar-split visually-hidden" }),
    ),
  );
}

function updateRow(row: HTMLTableRowElement, model: BarRow, fullBar: number): void {
  row.dataset["count"] = String(model.value);
  const label = row.querySelector<HTMLElement>(".bar-label")!;
  setText(label, model.label);
  label.title = model.label;
  if (model.pressed !== undefined) label.setAttribute("aria-pressed", String(model.pressed));
  setText(row.querySelector(".bar-value")!, model.text ?? formatCount(model.value));
  setText(row.querySelector(".bar-note")!, model.note ?? "");
  const split = model.segments.flatMap(({ label, value }) => (label ? `${label} ${formatCount(value)}` : [])).join(", ");
  setText(row.querySelector(".bar-split")!, split && ` (${split})`);
  row.querySelector<HTMLElement>(".bar")!.title = split;
  updateSegments(row.querySelector<HTMLElement>(".bar")!, model.segments, fullBar);
}

function updateSegments(bar: HTMLElement, segments: readonly BarSegment[], fullBar: number): void {
  segments.forEach((segment, index) => {
    const part = (bar.children[index] as HTMLElement | undefined) ?? bar.appendChild(element("span", { class: "segment" }));
    part.dataset["kind"] = segment.kind;
    part.dataset["value"] = String(segment.value);
    part.style.setProperty("width", `${((segment.value / fullBar) * 100).toFixed(2)}%`);
  });
  while (bar.children.length > segments.length) bar.lastChild!.remove();
}
