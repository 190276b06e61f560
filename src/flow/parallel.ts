import { Queue } from "./queue.ts";
import { createStage, type Output, type Stage, type Work } from "./stage.ts";

/** How items are worked on at the same time. */
export interface ParallelOptions {
  /** Most items under way, finished ones that the reader has not taken included. */
  readonly workers: number;
  /** Whether results come in the order of the items (the default), or as they are ready. */
  readonly ordered?: boolean;
}

/**
 * Several items worked on at the same time, for work that waits. The first failure ends both ends and aborts the signal
 * of the others. Memory: `workers` items or results, and one result that the reader has not taken.
 *
 * @example In the order of the items
 * ```ts
 * import { collect, from, parallel } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const squares = parallel(async (item: number) => await Promise.resolve(item * item), { workers: 4 });
 * assert.deepEqual(await collect(from([1, 2, 3]).pipeThrough(squares)), [1, 4, 9]);
 * ```
 */
export function parallel<In, Out>(
  work: Work<In, Out>,
  options: ParallelOptions,
): Stage<In, Out> {
  const { workers } = options;
  if (!(workers >= 1)) {
    throw new RangeError(`Cannot work in parallel with ${workers} workers; give 1 or more`);
  }
  return createStage((output) => new Workers(output, work, options), { paced: false });
}

interface Slot<Out> {
  done: boolean;
  value: Out | undefined;
}

class Workers<In, Out> {
  /** Ordered: all under way. Unordered: the finished ones. */
  readonly #slots = new Queue<Slot<Out>>();
  readonly #ordered: boolean;
  #underWay = 0;
  #resume: (() => void) | null = null;

  constructor(
    readonly output: Output<Out>,
    readonly work: Work<In, Out>,
    readonly options: ParallelOptions,
  ) {
    this.#ordered = options.ordered ?? true;
  }

  write(item: In): void | Promise<void> {
    const slot: Slot<Out> = { done: false, value: undefined };
    this.#underWay++;
    if (this.#ordered) this.#slots.push(slot);
    const result = this.work(item, this.output.signal);
    if (result instanceof Promise) {
      result.then((value) => this.#finished(slot, value), (error) => this.output.fail(error));
    } else this.#finished(slot, result);
    if (this.#underWay >= this.options.workers) return this.#wait();
  }

  async close(): Promise<void> {
    while (this.#underWay > 0 && !this.output.ended) await this.#wait();
  }

  pull(): void {
    this.#drain();
  }

  dispose(): void {
    this.#continue();
  }

  #finished(slot: Slot<Out>, value: Out): void {
    slot.done = true;
    slot.value = value;
    if (!this.#ordered) this.#slots.push(slot);
    this.#drain();
  }

  #drain(): void {
    let given = 0;
    while (this.#slots.first?.done === true && this.output.room) {
      this.output.push(this.#slots.shift()!.value as Out);
      given++;
    }
    this.#underWay -= given;
    if (given > 0) this.#continue();
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => this.#resume = resolve);
  }

  #continue(): void {
    const resume = this.#resume;
    this.#resume = null;
    resume?.();
  }
}
