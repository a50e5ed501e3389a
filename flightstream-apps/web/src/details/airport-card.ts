import { type AirportPage, type BoardRow, fetchAirportPage } from "../api/airports.js";
import { renderChart } from "../charts/chart-frame.js";
import { drawColumnChart } from "../charts/column-chart.js";
import { element, required, setText } from "../dom.js";
import { formatAge, formatCount, formatCountry, formatHourMinute } from "../format.js";
import { t } from "../i18n/translate.js";
import { renderThroughput } from "../panels/airport/throughput.js";
import { PacedTask } from "../state/paced-task.js";
import type { Store } from "../state/store.js";
import { renderBoard } from "./airport-board.js";

const PACE_MS = 2_000;

type Side = "inbound" | "outbound";

/** An airport's page: who comes, who left, and how much. */
export class AirportCard {
  readonly #card = required("#airport");
  readonly #head = element("div");
  readonly #tabs = element("div", { class: "board-tabs", role: "group", "aria-label": t("Board") });
  readonly #board = element("div", { class: "board" });
  readonly #expected = element("div");
  readonly #throughput = element("div");
  readonly #refresh = new PacedTask(PACE_MS, () => this.#load());
  #side: Side = "inbound";
  #page: AirportPage | null = null;
  #focusBefore: Element | null = null;

  constructor(private readonly store: Store) {
    const close = element("button", { type: "button", class: "icon-button card-close", "aria-label": t("Close airport") }, "×");
    close.addEventListener("click", () => this.#close());
    for (const side of ["inbound", "outbound"] as const) {
      const button = element("button", { type: "button", "data-side": side });
      button.addEventListener("click", () => {
        this.#side = side;
        this.#show();
      });
      this.#tabs.append(button);
    }
    const section = (title: string, body: HTMLElement) => element("div", { class: "card-section" }, element("h3", {}, title), body);
    this.#card.append(
      close,
      this.#head,
      this.#actions(),
      this.#tabs,
      this.#board,
      section(t("Expected arrivals, next two hours"), this.#expected),
      section(t("Throughput per 15 minutes"), this.#throughput),
    );
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && store.state.airport !== null) this.#close();
    });
    store.watch("airport", (code) => this.#airportChanged(code));
    store.watch("tick", () => {
      if (store.state.airport !== null) this.#refresh.request();
    });
    store.onChange(["units"], () => this.#show());
  }

  #actions(): HTMLElement {
    const button = (label: string, run: (code: string) => void) => {
      const node = element("button", { type: "button", class: "button" }, label);
      node.addEventListener("click", () => {
        const code = this.store.state.airport;
        if (code) run(code);
      });
      return node;
    };
    const { store } = this;
    const only = (facet: "arrival" | "departure") => (code: string) => {
      store.set({ filters: { ...store.state.filters, values: { ...store.state.filters.values, [facet]: [code] } } });
    };
    return element(
      "p",
      { class: "card-actions" },
      button(t("Only arrivals"), only("arrival")),
      button(t("Only departures"), only("departure")),
      button(t("Show on map"), () => {
        const position = this.#page?.airport.position;
        const view = store.state.view === "flight" ? "flight" : "airport";
        if (position) store.set({ view, lookAt: { ...position } });
      }),
    );
  }

  #airportChanged(code: string | null): void {
    document.body.classList.toggle("has-airport", code !== null);
    this.#card.hidden = code === null;
    this.#card.dataset["airport"] = code ?? "";
    this.#page = null;
    if (code === null) return;
    this.#head.replaceChildren(element("p", { class: "details-loading" }, t("Loading {hex}…", { hex: code })));
    this.#board.replaceChildren();
    if (!this.#card.contains(document.activeElement)) this.#focusBefore = document.activeElement;
    this.#card.scrollTop = 0;
    this.#card.focus({ preventScroll: true });
    void this.#load();
  }

  #close(): void {
    this.store.set({ airport: null });
    if (this.#focusBefore instanceof HTMLElement) this.#focusBefore.focus({ preventScroll: true });
  }

  async #load(): Promise<void> {
    const code = this.store.state.airport;
    if (code === null) return;
    try {
      const page = await fetchAirportPage(code);
      if (this.store.state.airport !== code) return;
      this.#page = page;
      if (page) this.#show();
      else this.#head.replaceChildren(element("p", { class: "details-loading" }, t("There is no airport {code}.", { code })));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (this.store.state.airport === code && !this.#page) this.#head.replaceChildren(element("p", { class: "details-loading" }, reason));
    }
  }

  #show(): void {
    const page = this.#page;
    if (!page) return;
    const { airport } = page;
    const place = [airport.city, airport.country && formatCountry(airport.country)].filter(Boolean).join(", ");
    this.#head.replaceChildren(
      element("h2", {}, [airport.code, airport.name].filter(Boolean).join(" · ")),
      element("p", { class: "details-aliases" }, [airport.icao, place].filter(Boolean).join(" · ")),
    );
    for (const tab of this.#tabs.children as Iterable<HTMLElement>) {
      const side = tab.dataset["side"] as Side;
      tab.setAttribute("aria-pressed", String(side === this.#side));
      tab.dataset["count"] = String(page[side].total);
      setText(tab, `${side === "inbound" ? t("Inbound") : t("Outbound")} ${formatCount(page[side].total)}`);
    }
    renderBoard(this.#board, page[this.#side], this.#side, (row: BoardRow) => {
      this.store.set({ selectedHex: row.hex, selectedFlight: null, selectedTrack: null, airport: null });
    });
    renderExpected(this.#expected, page);
    if (page.throughput) renderThroughput(this.#throughput, page.throughput);
    this.#throughput.parentElement!.hidden = !page.throughput;
  }
}

function renderExpected(body: HTMLElement, { expected, as_of }: AirportPage): void {
  const labels = expected.map(({ from }) => formatHourMinute(from));
  const table = {
    caption: t("Arrivals by estimated time, per 15 minutes"),
    columns: [t("From (UTC)"), t("Arrivals")],
    rows: expected.map(({ from, arrivals }, index) => ({
      key: String(from),
      value: arrivals,
      cells: [as_of === null ? labels[index]! : `${labels[index]} (+${formatAge(Math.max(0, from - as_of))})`, formatCount(arrivals)],
    })),
  };
  renderChart(body, table, () =>
    drawColumnChart({ labels, height: 96, series: [{ id: "arrivals", label: t("Arrivals"), values: expected.map(({ arrivals }) => arrivals) }] }),
  );
}
