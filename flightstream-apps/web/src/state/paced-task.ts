/**
 * Runs a task when asked to, but one at a time, not more often than the pace allows, and not in a
 * hidden tab. Requests made meanwhile are answered by one later run, so a slow server gets fewer.
 */
export class PacedTask {
  #wanted = false;
  #running = false;
  #notBefore = 0;
  #timer: number | undefined;

  constructor(
    private readonly paceMs: number,
    private readonly task: () => Promise<void>,
  ) {
    document.addEventListener("visibilitychange", () => this.#schedule());
  }

  request(): void {
    this.#wanted = true;
    this.#schedule();
  }

  #schedule(): void {
    if (!this.#wanted || this.#running || document.hidden || this.#timer !== undefined) return;
    this.#timer = window.setTimeout(() => void this.#run(), Math.max(0, this.#notBefore - performance.now()));
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#wanted = false;
    this.#running = true;
    this.#notBefore = performance.now() + this.paceMs;
    try {
      await this.task();
    } finally {
      this.#running = false;
      this.#schedule();
    }
  }
}
