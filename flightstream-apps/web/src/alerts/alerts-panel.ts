import { type Alert, type Alerts, fetchAlerts } from "../api/alerts.js";
import type { Flight } from "../api/flights.js";
import { flightName } from "../details/flight-facts.js";
import { element, required, setText } from "../dom.js";
import { formatCount, formatTime } from "../format.js";
import { t } from "../i18n/translate.js";
import { connectDrawer } from "../shell/drawer.js";
import { PacedTask } from "../state/paced-task.js";
import type { Store } from "../state/store.js";
import { alertText, alertTitle } from "./alert-text.js";
import { Notifier } from "./notifier.js";
import { WatchList, watchedAs } from "./watch-list.js";

const PACE_MS = 3_000;
const STRIP_ALERTS = 3;
const LISTED = 100;

/** Emergencies pinned on top of everything; all alerts and the watch list behind the bell. */
export class AlertsPanel {
  readonly #strip = required("#alerts-strip");
  readonly #toggle = required("#alerts-toggle");
  readonly #count = required("#alerts-count");
  readonly #active = element("ul", { class: "alert-list", id: "active-alerts" });
  readonly #recent = element("ul", { class: "alert-list" });
  readonly #watched = element("ul", { class: "alert-list", id: "watched" });
  readonly #announcement = element("p", { class: "visually-hidden", role: "alert" });
  readonly #watchList = new WatchList();
  readonly #notifier = new Notifier();
  readonly #acknowledged = new Set<string>();
  readonly #refresh = new PacedTask(PACE_MS, () => this.#load());
  #alerts: Alerts | null = null;
  #announced = "";

  constructor(private readonly store: Store) {
    required("#alerts-drawer").append(
      element("h2", {}, t("Alerts")),
      this.#active,
      element("details", {}, element("summary", {}, t("Ended within the last hour")), this.#recent),
      element("h2", {}, t("Watch list")),
      this.#createWatchForm(),
      this.#watched,
      this.#createNotifySwitch(),
    );
    document.body.append(this.#announcement);
    connectDrawer("#alerts-toggle", "#alerts-drawer");
    store.watch("tick", (tick) => {
      if (tick) this.#refresh.request();
    });
    store.onChange(["units"], () => this.#show());
    this.#showCount();
  }

  async #load(): Promise<void> {
    try {
      const version = this.store.state.tick?.alerts_version;
      const [alerts, live] = await Promise.all([
        version !== undefined && version === this.#alerts?.version ? this.#alerts : fetchAlerts(),
        this.#watchList.findLive(),
      ]);
      this.#alerts = alerts;
      this.#showWatched(live);
      this.#show();
      this.#notify(alerts, live);
    } catch {
      // The status line already tells a lost connection; the next tick brings the next attempt.
    }
  }

  #notify({ active }: Alerts, live: readonly Flight[]): void {
    const emergencies = active.filter(({ kind }) => kind === "emergency");
    this.#notifier.tell([
      ...emergencies.map((alert) => ({ id: alert.id, title: alertTitle(alert), text: alertText(alert) })),
      ...live.map((flight) => ({
        id: `watch:${watchedAs(this.#watchList.entries, flight) ?? flight.hex}`,
        title: t("On the watch list: {flight}", { flight: flightName(flight) }),
        text: [flight.dep_iata, flight.arr_iata].filter(Boolean).join(" → "),
      })),
    ]);
  }

  #show(): void {
    const active = this.#alerts?.active ?? [];
    replaceIfChanged(this.#active, active.slice(0, LISTED), t("No alerts."), (alert) => this.#alertRow(alert));
    replaceIfChanged(this.#recent, (this.#alerts?.recent ?? []).slice(0, LISTED), t("None."), (alert) => this.#alertRow(alert));
    this.#showCount();
    this.#showStrip(active.filter((alert) => alert.severity === "critical" && !this.#acknowledged.has(alert.id)));
  }

  #showCount(): void {
    const count = this.#alerts?.active.length ?? 0;
    this.#count.hidden = count === 0;
    this.#count.dataset["count"] = String(count);
    setText(this.#count, count > 999 ? "999+" : formatCount(count));
    const label = t("Alerts: {count}", { count: formatCount(count) });
    this.#toggle.setAttribute("aria-label", label);
    this.#toggle.title = label;
    this.#toggle.classList.toggle("critical", this.#alerts?.active.some(({ severity }) => severity === "critical") ?? false);
  }

  #showStrip(critical: readonly Alert[]): void {
    this.#strip.hidden = critical.length === 0;
    const ids = critical.map(({ id }) => id).join();
    if (this.#announced !== ids) {
      this.#announced = ids;
      setText(this.#announcement, critical.slice(0, STRIP_ALERTS).map((alert) => `${alertTitle(alert)}: ${alertText(alert)}`).join(". "));
      this.#strip.replaceChildren(...critical.slice(0, STRIP_ALERTS).map((alert) => this.#stripEntry(alert)));
      const more = critical.length - STRIP_ALERTS;
      if (more > 0) this.#strip.append(element("span", { class: "strip-more" }, t("and {count} more", { count: formatCount(more) })));
    }
  }

  #stripEntry(alert: Alert): HTMLElement {
    const open = element("button", { type: "button", class: "strip-alert", "data-hex": alert.hex });
    open.append(element("strong", {}, alertTitle(alert)), ` ${alertText(alert)}`);
    open.addEventListener("click", () => this.#open(alert));
    const done = element("button", { type: "button", class: "strip-done", "aria-label": t("Acknowledge {alert}", { alert: alertTitle(alert) }) }, "✓");
    done.title = t("Acknowledge");
    done.addEventListener("click", () => {
      this.#acknowledged.add(alert.id);
      this.#show();
    });
    return element("span", { class: "strip-entry" }, open, done);
  }

  #alertRow(alert: Alert): HTMLElement {
    const open = element("button", { type: "button", class: "link" }, alertTitle(alert));
    open.addEventListener("click", () => this.#open(alert));
    const when = alert.until === undefined ? formatTime(alert.since) : `${formatTime(alert.since)}–${formatTime(alert.until)}`;
    return element(
      "li",
      { "data-id": alert.id, "data-kind": alert.kind, "data-severity": alert.severity },
      open,
      element("p", {}, `${alertText(alert)} · ${when} UTC`),
    );
  }

  #open({ hex, position }: Alert): void {
    this.store.set({
      view: "flight",
      selectedHex: hex,
      selectedFlight: null,
      selectedTrack: null,
      airport: null,
      ...(position && { lookAt: { ...position } }),
    });
  }

  #createWatchForm(): HTMLElement {
    const input = element("input", { id: "watch-input", type: "text", autocomplete: "off", spellcheck: "false", placeholder: "4CA8AE, SP-LVA, LO26" });
    const form = element(
      "form",
      { class: "watch-form" },
      element("label", { for: "watch-input", class: "visually-hidden" }, t("Hex, registration or flight to watch")),
      input,
      element("button", { type: "submit", class: "button" }, t("Watch")),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      for (const entry of input.value.split(",")) this.#watchList.add(entry);
      input.value = "";
      this.#showWatched([]);
      this.#refresh.request();
    });
    this.#showWatched([]);
    return form;
  }

  #showWatched(live: readonly Flight[]): void {
    const { entries } = this.#watchList;
    const rows = entries.map((entry) => ({ entry, flight: live.find((flight) => watchedAs([entry], flight)) }));
    replaceIfChanged(this.#watched, rows, t("Nothing is watched."), ({ entry, flight }) => {
      const remove = element("button", { type: "button", class: "icon-button small", "aria-label": t("Stop watching {entry}", { entry }) }, "×");
      remove.addEventListener("click", () => {
        this.#watchList.remove(entry);
        this.#showWatched(live);
      });
      const open = element("button", { type: "button", class: "link", disabled: !flight }, entry);
      if (flight?.hex) {
        const { hex, position } = flight;
        open.addEventListener("click", () => {
          this.store.set({ view: "flight", selectedHex: hex, selectedFlight: null, selectedTrack: null, airport: null, ...(position && { lookAt: { ...position } }) });
        });
      }
      const state = flight ? `${flightName(flight)} ${[flight.dep_iata, flight.arr_iata].filter(Boolean).join(" → ")}` : t("not heard");
      return element("li", { "data-entry": entry, "data-live": flight ? "true" : "false" }, open, element("p", {}, state), remove);
    });
  }

  #createNotifySwitch(): HTMLElement | string {
    if (!this.#notifier.isSupported) return "";
    const box = element("input", { type: "checkbox", id: "notify" });
    box.checked = this.#notifier.isOn;
    box.addEventListener("change", () => {
      void this.#notifier.setOn(box.checked).then((on) => {
        box.checked = on;
      });
    });
    return element("p", { class: "notify" }, box, element("label", { for: "notify" }, t("Notify me of emergencies and watched aircraft")));
  }
}

/** Rows are built again only when they changed, so that the focus stays where it is. */
function replaceIfChanged<T>(list: HTMLElement, items: readonly T[], empty: string, row: (item: T) => HTMLElement): void {
  const drawnFrom = JSON.stringify([items, document.documentElement.dataset["units"]]);
  if (list.dataset["drawnFrom"] === drawnFrom) return;
  list.dataset["drawnFrom"] = drawnFrom;
  list.replaceChildren(...(items.length > 0 ? items.map(row) : [element("li", { class: "empty" }, empty)]));
}
