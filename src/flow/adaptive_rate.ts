import { systemClock, type Timed } from "./clock.ts";
import type { Work } from "./stage.ts";

/** Between which bounds a rate moves, and by what. */
export interface AdaptiveRateOptions extends Timed {
  /** Where it starts, a second. */
  readonly start: number;
  /** Lowest, a second. Default 1. */
  readonly least?: number;
  /** Highest, a second. Default 100 times the start. */
  readonly most?: number;
  /** An answer slower than this counts as a failure, in milliseconds. */
  readonly slowMs: number;
  /** Gained by each good answer, a second. Default a hundredth of the start. */
  readonly gain?: number;
  /** What is left after a bad one, from 0 to 1. Default 0.5. */
  readonly keep?: number;
  /** A rate that was lowered is not lowered again for so long, since answers under way tell of the old one. Default slowMs. */
  readonly restMs?: number;
}

/**
 * A rate that finds what a service can bear: it grows by steps while answers are quick and falls by a share when they are
 * slow or fail (AIMD: Chiu and Jain, 1989). For `throttle`; fed by `measure`. Memory: a few numbers.
 *
 * @example A service that fails
 * ```ts
 * import { AdaptiveRate } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const rate = new AdaptiveRate({ start: 100, slowMs: 200 });
 * rate.record(20, true);
 * assert.equal(rate.current, 101);
 * rate.record(20, false);
 * assert.equal(rate.current, 50.5);
 * ```
 */
export class AdaptiveRate {
  #current: number;
  #loweredAt = -Infinity;

  constructor(readonly options: AdaptiveRateOptions) {
    this.#current = options.start;
  }

  /** Items a second, now. */
  get current(): number {
    return this.#current;
  }

  /** Tells of an answer. */
  record(latencyMs: number, good: boolean): void {
    const { start, least = 1, most = 100 * start, slowMs, clock = systemClock } = this.options;
    const { gain = start / 100, keep = 0.5, restMs = slowMs } = this.options;
    if (good && latencyMs <= slowMs) {
      this.#current = Math.min(most, this.#current + gain);
      return;
    }
    const now = clock.now();
    if (now - this.#loweredAt < restMs) return;
    this.#loweredAt = now;
    this.#current = Math.max(least, this.#current * keep);
  }

  /** `work`, whose answers are recorded. */
  measure<In, Out>(work: Work<In, Out>): Work<In, Out> {
    const { clock = systemClock } = this.options;
    return async (item, signal) => {
      const from = clock.now();
      try {
        const result = await work(item, signal);
        this.record(clock.now() - from, true);
        return result;
      } catch (error) {
        this.record(clock.now() - from, false);
        throw error;
      }
    };
  }
}
