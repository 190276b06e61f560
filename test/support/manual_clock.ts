/**
 * Time that a test moves: nothing sleeps, and durations are exact.
 * @module
 */
import type { Clock } from "../../src/resources.ts";

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #now = 0;
  #timers = new Map<object, { readonly at: number; readonly then: () => void }>();

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, then: () => void): () => void {
    const timer = {};
    this.#timers.set(timer, { at: this.#now + milliseconds, then });
    return () => void this.#timers.delete(timer);
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Moves time, and strikes what is due, in order. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let due; (due = this.#next()) !== null && due[1].at <= end;) {
      this.#timers.delete(due[0]);
      this.#now = due[1].at;
      due[1].then();
    }
    this.#now = end;
  }

  /** Moves time to the next timer whenever nothing else goes on, until `work` has settled. */
  async drive<Result>(work: Promise<Result>): Promise<Result> {
    let over = false;
    const settled = () => void (over = true);
    work.then(settled, settled);
    while (!over) {
      await idle();
      const next = this.#next();
      if (!over && next !== null) this.advance(next[1].at - this.#now);
    }
    return work;
  }

  #next() {
    let first: [object, { readonly at: number; readonly then: () => void }] | null = null;
    for (const entry of this.#timers) {
      if (first === null || entry[1].at < first[1].at) first = entry;
    }
    return first;
  }
}

/** Resolves when what could go on without time has gone on. */
export async function idle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}
