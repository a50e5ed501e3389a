// Corrections up to this size come from network jitter and are spread out; a larger one means that
// the data's time really jumped (a replay was restarted, the laptop woke up).
const JITTER_LIMIT_MS = 2_000;
const JITTER_GAIN = 0.2;

/**
 * The data's own time between two ticks. Differs from the wall clock by the server's clock error,
 * and by years when old data are replayed.
 */
export class DataClock {
  #offsetMs: number | null = null;

  /** `localMs` is any steady local clock, such as `performance.now()`. */
  synchronise(dataMs: number, localMs: number): void {
    const measured = dataMs - localMs;
    const error = this.#offsetMs === null ? Infinity : measured - this.#offsetMs;
    this.#offsetMs = Math.abs(error) > JITTER_LIMIT_MS ? measured : this.#offsetMs! + error * JITTER_GAIN;
  }

  /** Milliseconds since the Unix epoch, or null before the first tick. */
  now(localMs: number): number | null {
    return this.#offsetMs === null ? null : localMs + this.#offsetMs;
  }
}
