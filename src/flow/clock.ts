/**
 * Time, handed in: whatever waits takes a clock, so that a test moves time instead of sleeping.
 * @module
 */

/** Tells the time and sets timers. */
export interface Clock {
  /** Milliseconds since any fixed moment. Never goes back. */
  now(): number;
  /** Calls `run` once, `ms` milliseconds from now. */
  setTimeout(run: () => void, ms: number): unknown;
  /** Forgets a timer. */
  clearTimeout(timer: unknown): void;
}

/** An option of everything that waits. */
export interface Timed {
  /** Default: the runtime's own. */
  readonly clock?: Clock;
}

/** The longest time that the runtimes' timers know, about 25 days; one that is longer strikes at once. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

/** Calls `run` once after `ms` milliseconds, however many these are; the function that is returned takes that back. */
export function startTimer(ms: number, run: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  const wait = (left: number) => {
    timer = left <= LONGEST_TIMER_MS
      ? setTimeout(run, left)
      : setTimeout(() => wait(left - LONGEST_TIMER_MS), LONGEST_TIMER_MS);
  };
  wait(ms);
  return () => clearTimeout(timer);
}

/** The runtime's own timers. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (run, ms) => startTimer(ms, run),
  clearTimeout: (stop) => {
    if (typeof stop === "function") stop();
  },
};

/** Resolves `ms` milliseconds from now. Rejects with the reason of `signal` as soon as it aborts, and leaves no timer. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => {
      clock.clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = clock.setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
