/** The time that a replay shows: runs faster than life, or stands still. */
export class ReplayClock {
  #at: number | null = null;
  #since = 0;
  #speed = 0;

  /** Milliseconds since the Unix epoch, or null outside a replay. */
  now(localMs: number): number | null {
    return this.#at === null ? null : this.#at + (localMs - this.#since) * this.#speed;
  }

  get isRunning(): boolean {
    return this.#speed > 0;
  }

  /** `speed` is seconds of data a second; 0 stands still. */
  set(at: number | null, speed: number, localMs: number): void {
    this.#at = at;
    this.#speed = at === null ? 0 : speed;
    this.#since = localMs;
  }
}
