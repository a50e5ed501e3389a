import { fetchPositionsAt } from "../api/history.js";
import { type BoundingBox, fetchPositions } from "../api/positions.js";
import type { PositionsMessage } from "../api/positions-codec.js";
import { PacedTask } from "../state/paced-task.js";
import type { Fleet } from "./fleet.js";
import { type VisibleArea, areaToLoad, contains } from "./viewport.js";

const PACE_MS = 1_000;

export interface Wanted {
  area: VisibleArea;
  /** The filters, as parameters of the HTTP API. */
  filters: Record<string, string>;
  /** Milliseconds since the Unix epoch that a replay shows; null for now. */
  replayAt: number | null;
}

/** Keeps the fleet up to date: everything once, then what changed. */
export class PositionsFeed {
  #loaded: BoundingBox | null = null;
  #startOver = true;
  #total = 0;
  readonly #pull = new PacedTask(PACE_MS, () => this.#load());

  constructor(
    private readonly fleet: Fleet,
    private readonly wanted: () => Wanted,
    private readonly onChange: () => void,
    /** The first answer, if it was asked for before there was a map. */
    private first: Promise<PositionsMessage | null> | null = null,
  ) {
    if (first) this.#pull.request();
  }

  /** The store has reached this version. */
  announce(version: number, total: number): void {
    this.#total = total;
    if (this.wanted().replayAt !== null) return;
    // Versions count from the start of the server's process, so a smaller one is another process.
    if (this.fleet.version !== null && version < this.fleet.version) this.#startOver = true;
    if (this.#startOver || version !== this.fleet.version) this.#pull.request();
  }

  /** What is held is from another server, of other filters, or of another time. */
  startOver(): void {
    this.#startOver = true;
    this.#pull.request();
  }

  mapMoved(): void {
    const { area, replayAt } = this.wanted();
    if (replayAt !== null) return;
    const tooLittle = !contains(this.#loaded, area.box);
    const tooMuch = this.#loaded === null && areaToLoad(area, this.#total) !== null;
    if (tooLittle || tooMuch) this.startOver();
  }

  #takeFirst(): Promise<PositionsMessage | null> | null {
    const { first } = this;
    this.first = null;
    return first;
  }

  async #load(): Promise<void> {
    const { area, filters, replayAt } = this.wanted();
    const fresh = this.#startOver || this.fleet.version === null;
    this.#startOver = false;
    try {
      if (replayAt !== null) {
        this.fleet.apply(await fetchPositionsAt(replayAt));
      } else {
        const box = fresh ? areaToLoad(area, this.#total) : this.#loaded;
        const early = this.#takeFirst();
        const message = await (early ?? fetchPositions({ since: fresh ? null : this.fleet.version, box, filters }));
        // The filters may have changed meanwhile; what was asked for is then of no use.
        if (!message || this.#startOver) return;
        this.fleet.apply(message);
        // The first answer was for all of the world.
        this.#loaded = early ? null : box;
      }
      this.onChange();
    } catch {
      // The status line already tells a lost connection; the next tick brings the next attempt.
      this.#startOver ||= fresh;
    }
  }
}
