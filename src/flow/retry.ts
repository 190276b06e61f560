import {
  ConstantBackoff,
  ExponentialBackoff,
  handleAll,
  handleWhen,
  type IBackoffFactory,
  noJitterGenerator,
  retry as retrying,
} from "cockatiel";
import { pause, systemClock, type Timed } from "./clock.ts";
import type { Work } from "./stage.ts";

/** How often and how fast to try again. */
export interface RetryOptions extends Timed {
  /** Most tries, the first included. */
  readonly attempts: number;
  /** First pause, in milliseconds; each is about twice the one before. Default 100. */
  readonly backoffMs?: number;
  /** Longest pause. Default 30000. */
  readonly maxBackoffMs?: number;
  /** Whether pauses are spread, so that many callers do not come back at once. Default true. */
  readonly jitter?: boolean;
  /** Which errors are worth another try. Default: all. */
  readonly when?: (error: unknown) => boolean;
  /** Told before each pause. */
  readonly onRetry?: (error: unknown, attempt: number, pauseMs: number) => void;
}

/**
 * `work`, tried again when it fails; the last error is the one that is told. A pause ends at once when the signal aborts.
 * Tries and backoff are cockatiel's. Memory: one call.
 *
 * @example The third time
 * ```ts
 * import { collect, from, map, retry } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * let calls = 0;
 * const ask = retry(async (id: number) => {
 *   if (++calls < 3) throw new Error("Down");
 *   return await Promise.resolve(id);
 * }, { attempts: 3, backoffMs: 1 });
 * assert.deepEqual(await collect(from([7]).pipeThrough(map(ask))), [7]);
 * ```
 */
export function retry<In, Out>(work: Work<In, Out>, options: RetryOptions): Work<In, Out> {
  const { attempts, when, onRetry, clock = systemClock } = options;
  // Its own pause cannot be ended and knows no clock: it only counts, and the pause is ours.
  const policy = retrying(when === undefined ? handleAll : handleWhen(when), {
    maxAttempts: attempts - 1,
    backoff: new ConstantBackoff(0),
  });
  const backoff = backoffOf(options);
  return (item, signal) => {
    let next = backoff.next(undefined);
    let failed: unknown;
    return policy.execute(async ({ attempt }) => {
      if (attempt > 0) {
        onRetry?.(failed, attempt, next.duration);
        await pause(clock, next.duration, signal);
        next = next.next(undefined);
      }
      try {
        return await work(item, signal);
      } catch (error) {
        failed = error;
        throw error;
      }
    }, signal);
  };
}

/** Pauses that double, with cockatiel's decorrelated jitter or without. */
export function backoffOf(
  { backoffMs = 100, maxBackoffMs = 30_000, jitter = true }: {
    readonly backoffMs?: number;
    readonly maxBackoffMs?: number;
    readonly jitter?: boolean;
  },
): IBackoffFactory<unknown> {
  const bounds = { initialDelay: backoffMs, maxDelay: maxBackoffMs };
  return jitter
    ? new ExponentialBackoff<unknown>(bounds)
    : new ExponentialBackoff<number>({ ...bounds, generator: noJitterGenerator });
}
