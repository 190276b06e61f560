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

/** The runtime's own timers. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
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
