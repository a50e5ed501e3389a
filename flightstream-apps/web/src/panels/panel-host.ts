import { type SearchResult, search } from "../api/search.js";
import { element, setText } from "../dom.js";
import { t } from "../i18n/translate.js";
import type { DataClock } from "../state/data-clock.js";
import { queryFor } from "../state/filters.js";
import { PacedTask } from "../state/paced-task.js";
import { type Store, VIEWS, type View } from "../state/store.js";
import { mergeAggregations, resultsFor } from "./merged-aggregations.js";
import type { Panel } from "./panel.js";

const PACE_MS = 1_000;

/** Shows the panels of the view that is on and keeps them fresh: one search a second for all of them. */
export class PanelHost {
  readonly #bodies = new Map<Panel, HTMLElement>();
  readonly #groups = new Map<View, HTMLElement>();
  readonly #failure = element("p", { class: "panel-failure", role: "status", hidden: true });
  readonly #refresh = new PacedTask(PACE_MS, () => this.#load());
  readonly #fetched = new Map<NonNullable<Panel["fetch"]>, unknown>();
  #result: SearchResult | null = null;
  #resultOf: View | null = null;

  constructor(
    container: HTMLElement,
    private readonly panels: Record<View, readonly Panel[]>,
    private readonly store: Store,
    private readonly clock: DataClock,
    private readonly onTotal: (total: number) => void,
  ) {
    container.append(this.#failure);
    for (const view of VIEWS) {
      const group = element("div", { class: "panel-group", "data-group": view });
      for (const panel of panels[view]) group.append(this.#createSection(panel));
      this.#groups.set(view, group);
      container.append(group);
    }
    store.watch("view", (view) => {
      for (const [each, group] of this.#groups) group.hidden = each !== view;
      container.scrollTop = 0;
    });
    store.watch("tick", (tick) => {
      if (!tick) return;
      for (const panel of this.#current()) if (!panel.aggs && !panel.fetch) this.#render(panel);
      this.#refresh.request();
    });
    store.onChange(["filters", "view"], () => {
      if (store.state.tick) this.#refresh.request();
    });
    store.onChange(["units", "airport", "selectedHex"], () => {
      if (this.#resultOf === store.state.view) for (const panel of this.#current()) this.#render(panel);
    });
  }

  #current(): readonly Panel[] {
    return this.panels[this.store.state.view];
  }

  #createSection(panel: Panel): HTMLElement {
    const headingId = `panel-${panel.id}-title`;
    const body = element("div", { class: "panel-body" });
    this.#bodies.set(panel, body);
    return element(
      "section",
      { class: "panel", id: `panel-${panel.id}`, "aria-labelledby": headingId, "data-width": panel.width ?? 1 },
      element("h2", { id: headingId }, t(panel.title)),
      body,
    );
  }

  async #load(): Promise<void> {
    const { view, filters } = this.store.state;
    const panels = this.#current();
    const query = queryFor(filters, this.clock.now(performance.now()));
    try {
      const [result] = await Promise.all([search({ query, aggs: mergeAggregations(panels) }), this.#fetchOwn(panels)]);
      // The answer to a question that is no longer asked would show wrong numbers for a second.
      if (view !== this.store.state.view || filters !== this.store.state.filters) return;
      this.#result = result;
      this.#resultOf = view;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (this.store.state.connection === "live") {
        this.#showFailure(t("Figures could not be refreshed: {reason}", { reason }));
      }
      return;
    }
    this.#showFailure(null);
    this.onTotal(this.#result.total);
    for (const panel of panels) this.#render(panel);
  }

  async #fetchOwn(panels: readonly Panel[]): Promise<void> {
    const requests = new Set(panels.flatMap(({ fetch }) => fetch ?? []));
    await Promise.all([...requests].map(async (request) => this.#fetched.set(request, await request(this.store))));
  }

  #render(panel: Panel): void {
    const body = this.#bodies.get(panel);
    if (!body) return;
    const { total, aggregations } = this.#result ?? { total: 0, aggregations: {} };
    panel.render(body, {
      total,
      aggregations: resultsFor(panel, aggregations),
      fetched: panel.fetch ? (this.#fetched.get(panel.fetch) ?? null) : null,
      tick: this.store.state.tick,
      store: this.store,
    });
  }

  #showFailure(reason: string | null): void {
    this.#failure.hidden = reason === null;
    setText(this.#failure, reason ?? "");
  }
}
