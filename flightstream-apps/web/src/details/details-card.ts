import { type Flight, fetchFlight } from "../api/flights.js";
import { element, required, setText } from "../dom.js";
import { formatAge, formatTime } from "../format.js";
import type { DataClock } from "../state/data-clock.js";
import { PacedTask } from "../state/paced-task.js";
import type { Store } from "../state/store.js";
import { flightAliases, flightFacts, flightName } from "./flight-facts.js";
import { routeView } from "./route-view.js";

const PACE_MS = 2_000;
const AGE_REFRESH_MS = 1_000;

/** The selected aircraft's card. Lives as long as the page and hides itself. */
export class DetailsCard {
  readonly #card = required("#details");
  readonly #age = element("p", { class: "details-age" });
  readonly #content = element("div", { class: "details-content" });
  readonly #announcement = element("p", { class: "visually-hidden", role: "status" });
  readonly #refresh = new PacedTask(PACE_MS, () => this.#load());
  #focusBefore: Element | null = null;

  constructor(
    private readonly store: Store,
    private readonly clock: DataClock,
  ) {
    const close = element("button", { type: "button", class: "icon-button details-close", "aria-label": "Close details" }, "×");
    close.addEventListener("click", () => this.#close());
    this.#card.append(close, this.#announcement, this.#content, this.#age);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && store.state.selectedHex !== null) this.#close();
    });
    store.watch("selectedHex", (hex) => this.#selectionChanged(hex));
    store.watch("tick", () => {
      if (store.state.selectedHex !== null) this.#refresh.request();
    });
    window.setInterval(() => this.#showAge(), AGE_REFRESH_MS);
  }

  #selectionChanged(hex: string | null): void {
    document.body.classList.toggle("has-selection", hex !== null);
    this.#card.hidden = hex === null;
    this.#card.dataset["hex"] = hex ?? "";
    if (hex === null) return;
    this.#content.replaceChildren(element("p", { class: "details-loading" }, `Loading ${hex}…`));
    this.#showAge();
    if (!this.#card.contains(document.activeElement)) this.#focusBefore = document.activeElement;
    this.#card.focus({ preventScroll: true });
    void this.#load(true);
  }

  #close(): void {
    this.store.set({ selectedHex: null, selectedFlight: null });
    if (this.#focusBefore instanceof HTMLElement) this.#focusBefore.focus({ preventScroll: true });
  }

  async #load(announce = false): Promise<void> {
    const hex = this.store.state.selectedHex;
    if (hex === null) return;
    try {
      const flight = await fetchFlight(hex);
      // Another aircraft may have been selected while this one was on its way.
      if (this.store.state.selectedHex !== hex) return;
      if (flight) this.#show(flight, announce);
      else this.#showGone(hex);
    } catch (error) {
      if (this.store.state.selectedHex === hex && !this.store.state.selectedFlight) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#content.replaceChildren(element("p", { class: "details-loading" }, `No details for ${hex}: ${reason}`));
      }
    }
  }

  #show(flight: Flight, announce: boolean): void {
    this.store.set({ selectedFlight: flight });
    const facts = element("dl", { class: "facts" });
    for (const { label, value } of flightFacts(flight)) {
      facts.append(element("div", {}, element("dt", {}, label), element("dd", {}, value)));
    }
    this.#content.replaceChildren(
      element(
        "div",
        { class: "details-head" },
        element("h2", {}, flightName(flight)),
        element("p", { class: "details-aliases" }, flightAliases(flight)),
        element(
          "p",
          { class: "badges" },
          flight.type && element("span", { class: "badge", "data-kind": flight.type }, flight.type),
          flight.status && element("span", { class: "badge" }, flight.status),
        ),
      ),
      routeView(flight) ?? "",
      facts,
    );
    this.#showAge();
    if (announce) setText(this.#announcement, `${flightName(flight)} selected`);
  }

  #showGone(hex: string): void {
    this.store.set({ selectedFlight: null });
    this.#content.replaceChildren(element("p", { class: "details-loading" }, `${hex} is no longer being tracked.`));
    this.#showAge();
  }

  #showAge(): void {
    const updated = this.store.state.selectedFlight?.updated;
    const now = this.clock.now(performance.now());
    setText(
      this.#age,
      updated === undefined || now === null ? "" : `Last report ${formatAge(now - updated)} ago, ${formatTime(updated)} UTC`,
    );
  }
}
