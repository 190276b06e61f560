/**
 * One timer that strikes again and again, and is never left behind.
 * @module
 */
import type { Clock } from "../resources.ts";

/** Shorter waits are not worth a timer. */
const LEAST_MS = 1;

/** Calls `strike` after a time; a later one that is set takes the place of one that has not struck. */
export class Alarm {
  #stop: (() => void) | null = null;

  constructor(readonly clock: Clock, readonly strike: () => void) {}

  set(milliseconds: number): void {
    this.stop();
    this.#stop = this.clock.after(Math.max(LEAST_MS, milliseconds), () => {
      this.#stop = null;
      this.strike();
    });
  }

  /** Resolves after a time, and rejects when `signal` aborts before; takes the place of what was set. */
  after(milliseconds: number, signal: AbortSignal): Promise<void> {
    this.stop();
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.stop();
        reject(signal.reason);
      };
      if (signal.aborted) return abort();
      signal.addEventListener("abort", abort, { once: true });
      this.#stop = this.clock.after(Math.max(LEAST_MS, milliseconds), () => {
        this.#stop = null;
        signal.removeEventListener("abort", abort);
        resolve();
      });
    });
  }

  stop(): void {
    this.#stop?.();
    this.#stop = null;
  }
}
