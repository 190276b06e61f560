/**
 * Whether a run on the request thread keeps others waiting.
 * @module
 */

/** For so long after a run has come, another is expected: small ones tend to come one after the other. */
const EXPECTED_MS = 1000;

/** The runs of a request thread, as they come. Holds two numbers. */
export class Company {
  #came = 0;
  #lastAt = -Infinity;

  /** A run has come, at `now` in milliseconds; gives its number. */
  enter(now = performance.now()): number {
    this.#lastAt = now;
    return ++this.#came;
  }

  /** Whether others have come after the run of that number, one of them within the last second. */
  disturbs(run: number, now = performance.now()): boolean {
    return this.#came > run && now - this.#lastAt < EXPECTED_MS;
  }
}
