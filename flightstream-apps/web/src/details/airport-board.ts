import type { Board, BoardRow } from "../api/airports.js";
import { element } from "../dom.js";
import { formatCount, formatDistance, formatHourMinute } from "../format.js";
import { t } from "../i18n/translate.js";

/** Flights to or from an airport, each a button that opens it. */
export function renderBoard(body: HTMLElement, board: Board, side: "inbound" | "outbound", open: (row: BoardRow) => void): void {
  const scrolled = body.scrollTop;
  const focused = (document.activeElement as HTMLElement | null)?.closest<HTMLElement>("tr")?.dataset["hex"];
  if (board.total === 0) {
    body.replaceChildren(element("p", { class: "panel-note" }, side === "inbound" ? t("No flight is on its way here.") : t("No flight from here is under way.")));
    return;
  }
  const headers =
    side === "inbound"
      ? [t("ETA"), t("Flight"), t("From"), t("To go"), t("Phase")]
      : [t("ETA"), t("Flight"), t("To"), t("Flown"), t("Phase")];
  const more = board.total - board.rows.length;
  body.replaceChildren(
    element(
      "table",
      { class: "numbers board-table" },
      element("caption", { class: "visually-hidden" }, side === "inbound" ? t("Inbound flights") : t("Outbound flights")),
      element("thead", {}, element("tr", {}, ...headers.map((header) => element("th", { scope: "col" }, header)))),
      element("tbody", {}, ...board.rows.map((row) => boardRow(row, open))),
    ),
    more > 0 ? element("p", { class: "panel-note" }, t("and {count} more", { count: formatCount(more) })) : "",
  );
  body.scrollTop = scrolled;
  if (focused) body.querySelector<HTMLElement>(`tr[data-hex="${CSS.escape(focused)}"] button`)?.focus({ preventScroll: true });
}

function boardRow(row: BoardRow, open: (row: BoardRow) => void): HTMLElement {
  const button = element("button", { type: "button", class: "link" }, row.flight ?? row.reg_number ?? row.hex);
  button.addEventListener("click", () => open(row));
  const progress = element("span", { class: "board-progress", "aria-hidden": "true" });
  progress.style.setProperty("width", `${((row.progress ?? 0) * 100).toFixed(0)}%`);
  return element(
    "tr",
    { "data-hex": row.hex },
    element("td", {}, row.eta === undefined ? "–" : formatHourMinute(row.eta)),
    element("th", { scope: "row" }, button),
    element("td", { title: row.other?.name ?? "" }, row.other?.code ?? "–"),
    element("td", {}, row.distance_km === undefined ? "–" : formatDistance(row.distance_km), progress),
    element("td", {}, t(row.phase)),
  );
}
