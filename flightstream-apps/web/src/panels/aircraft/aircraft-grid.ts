import { endpoint } from "../../api/endpoint.js";
import type { Flight } from "../../api/flights.js";
import { element, setText } from "../../dom.js";
import { formatCount } from "../../format.js";
import { t } from "../../i18n/translate.js";
import { parametersFor, queryFor } from "../../state/filters.js";
import { PacedTask } from "../../state/paced-task.js";
import type { Store } from "../../state/store.js";
import { AIRCRAFT_COLUMNS, type AircraftColumn } from "./aircraft-columns.js";
import { type AircraftPage, type Order, PAGE_ROWS, REACHABLE_ROWS, fetchAircraftPage } from "./aircraft-pages.js";

const ROW_PX = 30;
const MARGIN_ROWS = 6;
const PACE_MS = 2_000;
const DOWNLOAD_ROWS = 100_000;

/** A table of all aircraft, of which only the rows that are looked at are fetched and drawn. */
export class AircraftGrid {
  #order: Order = { field: "hex", direction: "asc" };
  #pages = new Map<number, AircraftPage>();
  #total = 0;
  readonly #note = element("p", { class: "panel-note", role: "status" });
  readonly #csv = element("a", { class: "button", download: "aircraft.csv" }, "CSV");
  readonly #json = element("a", { class: "button", download: "aircraft.json" }, "JSON");
  readonly #table = element("div", { class: "grid-table" });
  readonly #head = element("div", { class: "grid-row grid-head", role: "row", "aria-rowindex": 1 });
  readonly #scroller = element("div", { class: "grid-scroller", tabindex: 0, role: "table", "aria-label": t("All aircraft") });
  readonly #canvas = element("div", { class: "grid-canvas", role: "rowgroup" });
  readonly #refresh = new PacedTask(PACE_MS, () => this.#load());

  constructor(
    body: HTMLElement,
    private readonly store: Store,
  ) {
    for (const column of AIRCRAFT_COLUMNS) this.#head.append(this.#createHeader(column));
    this.#scroller.append(element("div", { role: "rowgroup", class: "grid-sticky" }, this.#head), this.#canvas);
    const columns = AIRCRAFT_COLUMNS.map(({ width }) => width).join(" ");
    this.#table.style.setProperty("--columns", columns);
    this.#table.append(this.#scroller);
    body.append(
      element("div", { class: "grid-tools" }, this.#note, element("span", {}, t("Download")), this.#csv, this.#json),
      element("div", { class: "grid-holder" }, this.#table),
    );
    this.#scroller.addEventListener("scroll", () => {
      this.#draw();
      void this.#loadMissing();
    });
    this.#scroller.addEventListener("keydown", (event) => this.#moveFocus(event));
    store.onChange(["filters"], () => this.#startOver());
    store.onChange(["units", "selectedHex"], () => this.#draw());
  }

  refresh(): void {
    this.#refresh.request();
  }

  #createHeader(column: AircraftColumn): HTMLElement {
    const button = element("button", { type: "button", class: "grid-sort" }, t(column.title));
    const header = element("div", { role: "columnheader", class: column.isNumber ? "number" : null, "data-field": column.field }, button);
    button.addEventListener("click", () => {
      const again = this.#order.field === column.field;
      const first = column.isNumber ? "desc" : "asc";
      const other = this.#order.direction === "asc" ? "desc" : "asc";
      this.#order = { field: column.field, direction: again ? other : first };
      this.#startOver();
    });
    return header;
  }

  #startOver(): void {
    this.#pages.clear();
    this.#showOrder();
    this.#scroller.scrollTop = 0;
    if (this.store.state.view === "aircraft") void this.#loadMissing();
  }

  #visiblePages(): number[] {
    const { first, last } = this.#visibleRows(Math.min(this.#total, REACHABLE_ROWS));
    const pages = [Math.floor(first / PAGE_ROWS), Math.floor(Math.max(first, last - 1) / PAGE_ROWS)];
    return [...new Set(pages)];
  }

  /** From the first row to be drawn to the one after the last. */
  #visibleRows(rows: number): { first: number; last: number } {
    const { scrollTop, clientHeight } = this.#scroller;
    const last = Math.min(rows, Math.ceil((scrollTop + clientHeight) / ROW_PX) + MARGIN_ROWS);
    return { first: Math.min(last, Math.max(0, Math.floor(scrollTop / ROW_PX) - MARGIN_ROWS)), last };
  }

  async #load(): Promise<void> {
    const wanted = this.#visiblePages();
    for (const page of this.#pages.keys()) if (!wanted.includes(page)) this.#pages.delete(page);
    await this.#fetch(wanted);
  }

  async #loadMissing(): Promise<void> {
    await this.#fetch(this.#visiblePages().filter((page) => !this.#pages.has(page)));
  }

  async #fetch(pages: readonly number[]): Promise<void> {
    const order = this.#order;
    const { filters, tick } = this.store.state;
    const query = queryFor(filters, tick?.clock ?? tick?.now ?? null);
    try {
      const answers = await Promise.all(pages.map(async (page) => [page, await fetchAircraftPage(page, order, query)] as const));
      if (order !== this.#order || filters !== this.store.state.filters) return;
      for (const [page, answer] of answers) {
        this.#pages.set(page, answer);
        this.#total = answer.total;
      }
      this.#draw();
    } catch {
      // The panels' own line tells a failure; the next tick brings the next attempt.
    }
  }

  #draw(): void {
    const rows = Math.min(this.#total, REACHABLE_ROWS);
    this.#canvas.style.setProperty("height", `${rows * ROW_PX}px`);
    this.#scroller.setAttribute("aria-rowcount", String(this.#total + 1));
    const { first, last } = this.#visibleRows(rows);
    const existing = new Map([...this.#canvas.children].map((row) => [Number((row as HTMLElement).dataset["index"]), row as HTMLElement]));
    for (let index = first; index < last; index++) {
      const flight = this.#pages.get(Math.floor(index / PAGE_ROWS))?.rows[index % PAGE_ROWS];
      const row = existing.get(index) ?? this.#canvas.appendChild(this.#createRow(index));
      existing.delete(index);
      this.#fill(row, flight);
    }
    for (const gone of existing.values()) gone.remove();
    this.#showOrder();
    this.#showNote(rows);
  }

  #createRow(index: number): HTMLElement {
    const row = element("div", { class: "grid-row", role: "row", "data-index": index, "aria-rowindex": index + 2, tabindex: -1 });
    row.style.setProperty("top", `${index * ROW_PX}px`);
    for (const column of AIRCRAFT_COLUMNS) row.append(element("div", { role: "cell", class: column.isNumber ? "number" : null }));
    const select = () => {
      const hex = row.dataset["hex"];
      if (hex) this.store.set({ selectedHex: hex, selectedFlight: null, selectedTrack: null, airport: null });
    };
    row.addEventListener("click", select);
    row.addEventListener("keydown", (event) => {
      if (event.key === "Enter") select();
    });
    return row;
  }

  #fill(row: HTMLElement, flight: Flight | undefined): void {
    row.dataset["hex"] = flight?.hex ?? "";
    row.classList.toggle("selected", flight?.hex !== undefined && flight.hex === this.store.state.selectedHex);
    AIRCRAFT_COLUMNS.forEach((column, index) => setText(row.children[index]!, flight ? column.text(flight) : index === 0 ? "…" : ""));
  }

  #showOrder(): void {
    for (const header of this.#head.children as Iterable<HTMLElement>) {
      const sorted = header.dataset["field"] === this.#order.field;
      header.setAttribute("aria-sort", sorted ? (this.#order.direction === "asc" ? "ascending" : "descending") : "none");
    }
    const sort = `${this.#order.direction === "desc" ? "-" : ""}${this.#order.field}`;
    const parameters = { ...parametersFor(this.store.state.filters), sort, limit: String(DOWNLOAD_ROWS) };
    this.#csv.href = endpoint("flights", { ...parameters, format: "csv" }).href;
    this.#json.href = endpoint("flights", parameters).href;
  }

  #showNote(reachable: number): void {
    const total = formatCount(this.#total);
    const some = t("The first {shown} of {total} in this order; filter, sort or download to see the others.", {
      shown: formatCount(reachable),
      total,
    });
    setText(this.#note, reachable < this.#total ? some : t("{total} aircraft. Press a heading to sort, a row to open it.", { total }));
  }

  /** Arrows move from row to row, as in any list. */
  #moveFocus(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const focused = document.activeElement as HTMLElement;
    const from = focused.dataset["index"] === undefined ? Math.floor(this.#scroller.scrollTop / ROW_PX) - 1 : Number(focused.dataset["index"]);
    const index = Math.max(0, Math.min(Math.min(this.#total, REACHABLE_ROWS) - 1, from + step));
    const top = index * ROW_PX;
    if (top < this.#scroller.scrollTop) this.#scroller.scrollTop = top;
    const bottom = top + ROW_PX - this.#scroller.clientHeight;
    if (bottom > this.#scroller.scrollTop) this.#scroller.scrollTop = bottom;
    this.#draw();
    this.#canvas.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus({ preventScroll: true });
  }
}
