import { fetchPositions, type BoundingBox } from "../api/positions.js";
import { PacedTask } from "../state/paced-task.js";
import type { Fleet } from "./fleet.js";
import { type VisibleArea, areaToLoad, contains } from "./viewport.js";

const PACE_MS = 1_000;

/** Keeps the fleet up to date: everything once, then what changed. */
export class PositionsFeed {
  #loaded: BoundingBox | null = null;
  #startOver = true;
  #total = 0;
  readonly #pull = new PacedTask(PACE_MS, () => this.#load());

  constructor(
    private readonly fleet: Fleet,
    private readonly visibleArea: () => VisibleArea,
    private readonly onChange: () => void,
  ) {}

  /** The store has reached this version. */
  announce(version: number, total: number): void {
    this.#total = total;
    // Versions count from the start of the server's process, so a smaller one is another process.
    if (this.fleet.version !== null && version < this.fleet.version) this.#startOver = true;
    if (this.#startOver || version !== this.fleet.version) this.#pull.request();
  }

  /** What is held may be from another server by now. */
  startOver(): void {
    this.#startOver = true;
  }

  mapMoved(): void {
    const visible = this.visibleArea();
    const tooLittle = !contains(this.#loaded, visible.box);
    const tooMuch = this.#loaded === null && areaToLoad(visible, this.#total) !== null;
    if (tooLittle || tooMuch) {
      this.#startOver = true;
      this.#pull.request();
    }
  }

  async #load(): Promise<void> {
    const fresh = this.#startOver || this.fleet.version === null;
    const box = fresh ? areaToLoad(this.visibleArea(), this.#total) : this.#loaded;
    this.#startOver = false;
    try {
      const message = await fetchPositions({ since: fresh ? null : this.fleet.version, box });
      if (!message) return;
      this.fleet.apply(message);
      this.#loaded = box;
      this.onChange();
    } catch {
      // The status line already tells a lost connection; the next tick brings the next attempt.
      this.#startOver ||= fresh;
    }
  }
}
