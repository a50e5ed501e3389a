import { type SearchResult, search } from "../api/search.js";
import { element, setText } from "../dom.js";
import { queryFor } from "../state/filters.js";
import { PacedTask } from "../state/paced-task.js";
import type { Store } from "../state/store.js";
import { mergeAggregations, resultsFor } from "./merged-aggregations.js";
import type { Panel } from "./panel.js";

const PACE_MS = 1_000;

/** Shows the panels and keeps them fresh, all from one search request at a time. */
export class PanelHost {
  readonly #bodies = new Map<Panel, HTMLElement>();
  readonly #failure = element("p", { class: "panel-failure", role: "status", hidden: true });
  readonly #refresh = new PacedTask(PACE_MS, () => this.#load());
  #result: SearchResult | null = null;

  constructor(
    container: HTMLElement,
    private readonly panels: readonly Panel[],
    private readonly store: Store,
    private readonly onTotal: (total: number) => void,
  ) {
    container.append(this.#failure);
    for (const panel of panels) container.append(this.#createSection(panel));
    const livingOnTicks = panels.filter((panel) => Object.keys(panel.aggs).length === 0);
    store.watch("tick", (tick) => {
      if (!tick) return;
      for (const panel of livingOnTicks) this.#render(panel);
      this.#refresh.request();
    });
    store.watch("filters", () => {
      if (store.state.tick) this.#refresh.request();
    });
  }

  #createSection(panel: Panel): HTMLElement {
    const headingId = `panel-${panel.id}-title`;
    const body = element("div", { class: "panel-body" });
    this.#bodies.set(panel, body);
    return element(
      "section",
      { class: "panel", id: `panel-${panel.id}`, "aria-labelledby": headingId },
      element("h2", { id: headingId }, panel.title),
      body,
    );
  }

  async #load(): Promise<void> {
    const query = queryFor(this.store.state.filters);
    try {
      this.#result = await search({ ...(query && { query }), aggs: mergeAggregations(this.panels) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (this.store.state.connection === "live") this.#showFailure(`Figures could not be refreshed: ${reason}`);
      return;
    }
    this.#showFailure(null);
    this.onTotal(this.#result.total);
    for (const panel of this.panels) this.#render(panel);
  }

  #render(panel: Panel): void {
    const body = this.#bodies.get(panel);
    if (!body) return;
    const { total, aggregations } = this.#result ?? { total: 0, aggregations: {} };
    panel.render(body, {
      total,
      aggregations: resultsFor(panel, aggregations),
      tick: this.store.state.tick,
      store: this.store,
    });
  }

  #showFailure(reason: string | null): void {
    this.#failure.hidden = reason === null;
    setText(this.#failure, reason ?? "");
  }
}
