import { type Aircraft, type Flight, type Track, fetchAircraft, fetchFlight, fetchTrack } from "../api/flights.js";
import { element, required, setText } from "../dom.js";
import { formatAge, formatTime } from "../format.js";
import { t } from "../i18n/translate.js";
import type { DataClock } from "../state/data-clock.js";
import { PacedTask } from "../state/paced-task.js";
import type { Store } from "../state/store.js";
import { flightAliases, flightFacts, flightName } from "./flight-facts.js";
import { legsView } from "./legs-view.js";
import { phasesView } from "./phases-view.js";
import { renderProfile } from "./profile-view.js";
import { routeView } from "./route-view.js";

const PACE_MS = 2_000;
/** The trail and the legs change slowly. */
const HISTORY_EVERY = 3;
const AGE_REFRESH_MS = 1_000;

/** The selected aircraft's page: its flight now, the trail behind it, and its legs. */
export class DetailsCard {
  readonly #card = required("#details");
  readonly #head = element("div");
  readonly #facts = element("div");
  readonly #profile = element("div", { class: "profile" });
  readonly #phases = element("div");
  readonly #legs = element("div");
  readonly #age = element("p", { class: "details-age" });
  readonly #announcement = element("p", { class: "visually-hidden", role: "status" });
  readonly #refresh = new PacedTask(PACE_MS, () => this.#load());
  #rounds = 0;
  #focusBefore: Element | null = null;

  constructor(
    private readonly store: Store,
    private readonly clock: DataClock,
  ) {
    const close = element("button", { type: "button", class: "icon-button card-close", "aria-label": t("Close details") }, "×");
    close.addEventListener("click", () => this.#close());
    const locate = element("button", { type: "button", class: "button" }, t("Show on map"));
    locate.addEventListener("click", () => this.#locate());
    this.#card.append(
      close,
      this.#announcement,
      this.#head,
      this.#age,
      element("p", { class: "card-actions" }, locate),
      this.#facts,
      this.#phases,
      this.#profile,
      this.#legs,
    );
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && store.state.selectedHex !== null) this.#close();
    });
    store.watch("selectedHex", (hex) => this.#selectionChanged(hex));
    store.watch("tick", () => {
      if (store.state.selectedHex !== null) this.#refresh.request();
    });
    store.onChange(["units"], () => {
      const { selectedFlight, selectedTrack } = store.state;
      if (selectedFlight) this.#showFlight(selectedFlight);
      if (selectedTrack) this.#showTrack(selectedTrack);
    });
    window.setInterval(() => this.#showAge(), AGE_REFRESH_MS);
  }

  #selectionChanged(hex: string | null): void {
    document.body.classList.toggle("has-selection", hex !== null);
    this.#card.hidden = hex === null;
    this.#card.dataset["hex"] = hex ?? "";
    if (hex === null) return;
    this.#clear(t("Loading {hex}…", { hex }));
    if (!this.#card.contains(document.activeElement)) this.#focusBefore = document.activeElement;
    this.#card.scrollTop = 0;
    this.#card.focus({ preventScroll: true });
    this.#rounds = 0;
    void this.#load(true);
  }

  #close(): void {
    this.store.set({ selectedHex: null, selectedFlight: null, selectedTrack: null });
    if (this.#focusBefore instanceof HTMLElement) this.#focusBefore.focus({ preventScroll: true });
  }

  #locate(): void {
    const { selectedFlight, view } = this.store.state;
    if (!selectedFlight?.position) return;
    this.store.set({ view: view === "flight" ? view : "flight", lookAt: { ...selectedFlight.position } });
  }

  async #load(announce = false): Promise<void> {
    const hex = this.store.state.selectedHex;
    if (hex === null) return;
    const withHistory = this.#rounds++ % HISTORY_EVERY === 0;
    try {
      const [flight, track, aircraft] = await Promise.all([
        fetchFlight(hex),
        withHistory ? fetchTrack(hex).catch(() => null) : null,
        withHistory ? fetchAircraft(hex).catch(() => null) : null,
      ]);
      // Another aircraft may have been selected while this one was on its way.
      if (this.store.state.selectedHex !== hex) return;
      if (flight) {
        this.store.set({ selectedFlight: flight });
        this.#showFlight(flight);
        if (announce) setText(this.#announcement, t("{flight} selected", { flight: flightName(flight) }));
      } else {
        this.store.set({ selectedFlight: null });
        this.#clear(t("{hex} is no longer being tracked.", { hex }));
      }
      if (track) {
        this.store.set({ selectedTrack: track });
        this.#showTrack(track);
      }
      if (aircraft) this.#showLegs(aircraft);
    } catch (error) {
      if (this.store.state.selectedHex === hex && !this.store.state.selectedFlight) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#clear(t("No details for {hex}: {reason}", { hex, reason }));
      }
    }
  }

  #clear(message: string): void {
    this.#head.replaceChildren(element("p", { class: "details-loading" }, message));
    for (const part of [this.#facts, this.#phases, this.#legs]) part.replaceChildren();
    this.#profile.hidden = true;
    this.#showAge();
  }

  #showFlight(flight: Flight): void {
    const facts = element("dl", { class: "facts" });
    for (const { label, value } of flightFacts(flight)) {
      facts.append(element("div", {}, element("dt", {}, label), element("dd", {}, value)));
    }
    this.#head.replaceChildren(
      element("h2", {}, flightName(flight)),
      element("p", { class: "details-aliases" }, flightAliases(flight)),
      element(
        "p",
        { class: "badges" },
        flight.type && element("span", { class: "badge", "data-kind": flight.type }, t(flight.type)),
        flight.status && element("span", { class: "badge" }, t(flight.status)),
        flight.phase && flight.phase !== "unknown" && element("span", { class: "badge" }, t(flight.phase)),
      ),
      routeView(flight, this.store) ?? "",
    );
    this.#facts.replaceChildren(facts);
    this.#showAge();
  }

  #showTrack(track: Track): void {
    this.#phases.replaceChildren(phasesView(track) ?? "");
    this.#profile.hidden = track.points.time.length < 2;
    if (!this.#profile.hidden) renderProfile(this.#profile, track);
  }

  #showLegs(aircraft: Aircraft): void {
    this.#legs.replaceChildren(legsView(aircraft));
  }

  #showAge(): void {
    const updated = this.store.state.selectedFlight?.updated;
    const now = this.clock.now(performance.now());
    const known = updated !== undefined && now !== null;
    setText(this.#age, known ? t("Last report {age} ago, {time} UTC", { age: formatAge(now - updated), time: formatTime(updated) }) : "");
  }
}
