/**
 * For tests of the flow library: time that the test moves, sources that record, and reading while time goes on.
 * @module
 */
import type { Clock } from "../../src/flow/clock.ts";

/** A clock that stands still until it is moved. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Map<number, { at: number; run: () => void }>();
  #next = 1;

  now(): number {
    return this.#now;
  }

  setTimeout(run: () => void, ms: number): unknown {
    this.#timers.set(this.#next, { at: this.#now + ms, run });
    return this.#next++;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number);
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves on by `ms`; timers that come due run in order. */
  advance(ms: number): void {
    this.#moveTo(this.#now + ms);
  }

  #moveTo(until: number): void {
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= until)
        .sort(([, a], [, b]) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers.delete(due[0]);
      this.#now = Math.max(this.#now, due[1].at);
      due[1].run();
    }
    this.#now = until;
  }

  /** Moves on to the next timer, if there is one. */
  step(): void {
    const next = Math.min(...[...this.#timers.values()].map(({ at }) => at));
    if (next < Infinity) this.#moveTo(Math.max(next, this.#now));
  }
}

/** Lets everything happen that can happen without time passing; cockatiel's pauses of 0 ms are timers of the runtime. */
export async function settle(turns = 12): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (turn % 4 === 3) await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** What came of a promise: its value or what it was rejected with. */
export type Settled<Value> = { readonly value: Value } | { readonly error: unknown };

/** Awaits `work`, while `clock` goes from timer to timer. Fails when nothing happens any more. */
export async function within<Value>(
  clock: ManualClock,
  work: Promise<Value>,
): Promise<Settled<Value>> {
  let settled: Settled<Value> | null = null;
  work.then((value) => settled = { value }, (error) => settled = { error });
  for (let round = 0; round < 500; round++) {
    await settle(2);
    if (settled !== null) return settled;
    await settle();
    if (settled !== null) return settled;
    clock.step();
  }
  throw new Error("Nothing happens any more");
}

/** A source that counts: gives `items`, then ends, fails with `error`, or goes on for ever when `items` is a function. */
export class RecordedSource {
  pulls = 0;
  readonly cancels: unknown[] = [];
  readonly stream: ReadableStream<number>;

  constructor(items: readonly number[] | ((index: number) => number), error?: unknown) {
    this.stream = new ReadableStream<number>({
      pull: async (controller) => {
        await new Promise((resolve) => setImmediate(resolve));
        if (this.cancels.length > 0) return;
        const index = this.pulls++;
        if (typeof items === "function") controller.enqueue(items(index));
        else if (index < items.length) controller.enqueue(items[index]!);
        else if (error !== undefined) controller.error(error);
        else controller.close();
      },
      cancel: (reason) => {
        this.cancels.push(reason);
      },
    }, { highWaterMark: 0 });
  }
}

/** Timers of the runtime that were set and neither fired nor cleared, while `work` ran and settled. */
export async function timersLeft(work: () => Promise<void>): Promise<number> {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const pending = new Set<unknown>();
  const counted = (run: (...values: unknown[]) => void, ms?: number, ...values: unknown[]) => {
    const timer = set(() => {
      pending.delete(timer);
      run(...values);
    }, ms);
    pending.add(timer);
    return timer;
  };
  globalThis.setTimeout = counted as unknown as typeof setTimeout;
  globalThis.clearTimeout = ((timer: ReturnType<typeof set>) => {
    pending.delete(timer);
    clear(timer);
  }) as unknown as typeof clearTimeout;
  try {
    await work();
    await settle();
  } finally {
    globalThis.setTimeout = set;
    globalThis.clearTimeout = clear;
  }
  return pending.size;
}
