import { type Clock, systemClock, type Timed } from "./clock.ts";
import { createStage, give, type Output, type Stage } from "./stage.ts";

/** When a batch is full: whichever comes first. */
export interface BatchOptions<Item> extends Timed {
  /** Most items. Default 1000, so that nothing is unbounded. */
  readonly count?: number;
  /** Most bytes, by `bytesOf`; a single larger item is a batch of its own. */
  readonly bytes?: number;
  /** The bytes of an item. Default: its `byteLength` or `length`, else 1. */
  readonly bytesOf?: (item: Item) => number;
  /** Longest time from the first item of a batch to its going, in milliseconds. */
  readonly ms?: number;
}

/**
 * Items in arrays, each non-empty; the last may be smaller. Memory: two batches, one collected and one not yet taken.
 *
 * @example By count
 * ```ts
 * import { batch, collect, from } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const pairs = batch<number>({ count: 2, ms: 50 });
 * assert.deepEqual(await collect(from([1, 2, 3]).pipeThrough(pairs)), [[1, 2], [3]]);
 * ```
 */
export function batch<Item>(options: BatchOptions<Item>): Stage<Item, Item[]> {
  return createStage((output) => new Batcher(output, options), { paced: false });
}

class Batcher<Item> {
  readonly #count: number;
  readonly #bytes: number;
  readonly #bytesOf: (item: Item) => number;
  readonly #clock: Clock;
  #items: Item[] = [];
  #size = 0;
  #timer: unknown = null;
  /** Its time has come, but the reader has no room. */
  #due = false;

  constructor(readonly output: Output<Item[]>, readonly options: BatchOptions<Item>) {
    this.#count = options.count ?? 1000;
    this.#bytes = options.bytes ?? Infinity;
    this.#bytesOf = options.bytesOf ?? bytesOf;
    this.#clock = options.clock ?? systemClock;
  }

  write(item: Item): void | Promise<void> {
    const size = this.#bytes === Infinity ? 0 : this.#bytesOf(item);
    if (this.#items.length === 0 || this.#size + size <= this.#bytes) return this.#add(item, size);
    const flushed = this.#flush();
    if (flushed !== undefined) return flushed.then(() => this.#add(item, size));
    return this.#add(item, size);
  }

  close(): void | Promise<void> {
    if (this.#items.length > 0) return this.#flush();
  }

  pull(): void {
    if (this.#due) this.#flush();
  }

  dispose(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#items = [];
  }

  #add(item: Item, size: number): void | Promise<void> {
    this.#items.push(item);
    this.#size += size;
    if (this.#items.length >= this.#count || this.#size >= this.#bytes) return this.#flush();
    if (this.#items.length === 1 && this.options.ms !== undefined) {
      this.#timer = this.#clock.setTimeout(() => {
        if (this.output.room) this.#flush();
        else this.#due = true;
      }, this.options.ms);
    }
  }

  #flush(): void | Promise<void> {
    const items = this.#items;
    this.#items = [];
    this.#size = 0;
    this.#due = false;
    this.#clock.clearTimeout(this.#timer);
    return give(this.output, items);
  }
}

/** The bytes of what has a length; 1 for anything else. */
export function bytesOf(item: unknown): number {
  if (typeof item === "string") return item.length;
  const sized = item as { byteLength?: unknown; length?: unknown } | null | undefined;
  if (typeof sized?.byteLength === "number") return sized.byteLength;
  return typeof sized?.length === "number" ? sized.length : 1;
}
