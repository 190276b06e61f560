/**
 * Time that moves when a test says so.
 * @module
 */
import type { Clock } from "../../src/resources.ts";

/** Starts at 0. Timers strike in the order of their times. */
export class SteppedClock implements Clock {
  #now = 0;
  readonly #timers = new Map<() => void, number>();

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, then: () => void): () => void {
    const timer = () => then();
    this.#timers.set(timer, this.#now + milliseconds);
    return () => void this.#timers.delete(timer);
  }

  /** How many timers have not struck. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets so much time pass. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let next = this.#next(); next !== null && next.at <= end; next = this.#next()) {
      this.#now = Math.max(this.#now, next.at);
      this.#timers.delete(next.timer);
      next.timer();
    }
    this.#now = end;
  }

  #next(): { timer: () => void; at: number } | null {
    let first: { timer: () => void; at: number } | null = null;
    for (const [timer, at] of this.#timers) {
      if (first === null || at < first.at) first = { timer, at };
    }
    return first;
  }
}

/** Lets everything happen that waits for nothing but its turn. */
export async function settle(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** What `work` resolves with, `clock` moving on by `stepMs` while it waits. */
export async function withTime<Result>(
  clock: SteppedClock,
  stepMs: number,
  work: Promise<Result>,
): Promise<Result> {
  let over = false;
  const watched = work.finally(() => over = true);
  watched.catch(() => {});
  for (let step = 0; step < 100_000 && !over; step++) {
    await settle(1);
    if (!over) clock.advance(stepMs);
  }
  return await watched;
}
