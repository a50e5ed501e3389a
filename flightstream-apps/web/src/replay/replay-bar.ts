import { type HistoryInfo, fetchHistoryInfo } from "../api/history.js";
import { element, required, setText } from "../dom.js";
import { formatDateTime, formatTime } from "../format.js";
import { t } from "../i18n/translate.js";
import type { Store } from "../state/store.js";
import type { ReplayClock } from "./replay-clock.js";

const STEP_MS = 1_000;
const RANGE_REFRESH_MS = 10_000;
const SPEEDS = [1, 10, 30, 60, 120] as const;
const START_BACK_MS = 10 * 60_000;
const DEFAULT_SPEED = 30;

/** A slider over the history that is kept. The map follows it; the figures stay live. */
export class ReplayBar {
  readonly #bar = required("#replay");
  readonly #toggle = required("#replay-toggle");
  readonly #slider = element("input", { type: "range", class: "replay-slider", min: 0, max: 1, step: 1_000, "aria-label": t("Time of the replay") });
  readonly #time = element("output", { class: "replay-time" });
  readonly #play = element("button", { type: "button", class: "button replay-play" });
  readonly #speed = element("select", { "aria-label": t("Speed of the replay") });
  readonly #note = element("span", { class: "replay-note" }, t("Map only; the figures are live."));
  #history: HistoryInfo | null = null;

  constructor(
    private readonly store: Store,
    private readonly clock: ReplayClock,
  ) {
    for (const speed of SPEEDS) this.#speed.append(element("option", { value: speed, selected: speed === DEFAULT_SPEED }, `× ${speed}`));
    const live = element("button", { type: "button", class: "button" }, t("Back to live"));
    live.addEventListener("click", () => this.#goTo(null));
    this.#bar.append(this.#play, this.#slider, this.#time, this.#speed, live, this.#note);
    this.#play.addEventListener("click", () => this.#run(!this.clock.isRunning));
    this.#speed.addEventListener("change", () => this.#run(this.clock.isRunning));
    this.#slider.addEventListener("input", () => this.#goTo(Number(this.#slider.value)));
    this.#toggle.addEventListener("click", () => void this.#open(store.state.replayAt === null));
    store.watch("replayAt", (at) => this.#show(at));
    if (store.state.replayAt !== null) void this.#open(true);
    window.setInterval(() => this.#step(), STEP_MS);
    window.setInterval(() => {
      if (store.state.replayAt !== null && !document.hidden) void this.#loadRange();
    }, RANGE_REFRESH_MS);
  }

  async #open(open: boolean): Promise<void> {
    if (!open) return this.#goTo(null);
    await this.#loadRange();
    const { from, until } = this.#history ?? {};
    if (from == null || until == null) {
      this.#bar.hidden = false;
      setText(this.#note, t("No history is kept yet."));
      return;
    }
    setText(this.#note, t("Map only; the figures are live."));
    this.#goTo(this.store.state.replayAt ?? Math.max(from, until - START_BACK_MS));
    if (this.store.state.view !== "flight") this.store.set({ view: "flight" });
    this.#run(true);
  }

  async #loadRange(): Promise<void> {
    try {
      this.#history = await fetchHistoryInfo();
    } catch {
      return;
    }
    const { from, until } = this.#history;
    if (from === null || until === null) return;
    this.#slider.min = String(from);
    this.#slider.max = String(until);
  }

  #goTo(at: number | null): void {
    const speed = this.clock.isRunning && at !== null ? Number(this.#speed.value) : 0;
    this.clock.set(at, speed, performance.now());
    this.store.set({ replayAt: at });
  }

  #run(run: boolean): void {
    const now = performance.now();
    this.clock.set(this.clock.now(now), run ? Number(this.#speed.value) : 0, now);
    this.#show(this.store.state.replayAt);
  }

  #step(): void {
    const now = this.clock.now(performance.now());
    if (now === null || !this.clock.isRunning) return;
    const end = this.#history?.until ?? Infinity;
    if (now >= end) {
      this.#goTo(end);
      this.#run(false);
    } else {
      this.store.set({ replayAt: Math.round(now) });
    }
  }

  #show(at: number | null): void {
    this.#bar.hidden = at === null;
    document.body.classList.toggle("is-replay", at !== null);
    this.#toggle.setAttribute("aria-pressed", String(at !== null));
    setText(this.#play, this.clock.isRunning ? t("Pause") : t("Play"));
    if (at === null) return;
    this.#slider.value = String(at);
    this.#slider.setAttribute("aria-valuetext", `${formatDateTime(at)} UTC`);
    setText(this.#time, `${formatTime(at)} UTC`);
  }
}
