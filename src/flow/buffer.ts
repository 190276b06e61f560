import { bytesOf } from "./batch.ts";
import { Queue } from "./queue.ts";
import { createStage, type Output, type Stage } from "./stage.ts";

/** What to do with an item when the buffer is full. */
export type Overflow = "block" | "drop_newest" | "drop_oldest" | "fail";

/** How much a buffer holds, and what it does when that is reached. */
export interface BufferOptions<Item> {
  /** Most items that wait. One of `items` and `bytes` is needed. */
  readonly items?: number;
  /** Most bytes that wait, by `bytesOf`; a single larger item waits alone. */
  readonly bytes?: number;
  /** The bytes of an item. Default: its `byteLength` or `length`, else 1. */
  readonly bytesOf?: (item: Item) => number;
  /** Default "block": the writer waits. */
  readonly overflow?: Overflow;
  /** Told of every dropped item, and how many that makes. */
  readonly onDrop?: (item: Item, dropped: number) => void;
}

/** What a buffer with overflow "fail" fails with. */
export class BufferOverflow extends Error {
  override readonly name = "BufferOverflow";
}

/**
 * Lets a bounded number of items wait, so that a burst above does not have to. With a dropping overflow the writer never
 * waits. Memory: `items` or `bytes`, and one item that the reader has not taken.
 *
 * @example A producer that cannot wait
 * ```ts
 * import { buffer, collect } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const dropped: number[] = [];
 * const latest = buffer<number>({ items: 2, overflow: "drop_oldest", onDrop: (item) => dropped.push(item) });
 * const writer = latest.writable.getWriter();
 * for (const item of [1, 2, 3, 4, 5]) await writer.write(item);
 * void writer.close();
 * assert.deepEqual(await collect(latest.readable), [1, 4, 5]);
 * assert.deepEqual(dropped, [2, 3]);
 * ```
 */
export function buffer<Item>(options: BufferOptions<Item>): Stage<Item, Item> {
  return createStage((output) => new Buffering(output, options), { paced: false });
}

class Buffering<Item> {
  readonly #waiting = new Queue<Item>();
  readonly #sizeOf: (item: Item) => number;
  #bytes = 0;
  #dropped = 0;
  #resume: (() => void) | null = null;

  constructor(readonly output: Output<Item>, readonly options: BufferOptions<Item>) {
    const bound = options.items ?? options.bytes;
    if (bound === undefined || !(bound > 0)) {
      throw new RangeError(`Cannot make a buffer of ${bound}; give \`items\` or \`bytes\` above 0`);
    }
    this.#sizeOf = options.bytes === undefined ? () => 0 : options.bytesOf ?? bytesOf;
  }

  write(item: Item): void | Promise<void> {
    if (this.output.room && this.#waiting.length === 0) return this.output.push(item);
    const size = this.#sizeOf(item);
    while (this.#full(size)) {
      const overflow = this.options.overflow ?? "block";
      if (overflow === "drop_newest") return this.#drop(item);
      if (overflow === "drop_oldest") this.#drop(this.#shift());
      else if (overflow === "fail") throw this.#overflow();
      else return this.#wait().then(() => this.write(item));
    }
    this.#waiting.push(item);
    this.#bytes += size;
  }

  async close(): Promise<void> {
    while (this.#waiting.length > 0) await this.#wait();
  }

  pull(): void {
    while (this.#waiting.length > 0 && this.output.room) this.output.push(this.#shift());
    this.#continue();
  }

  dispose(): void {
    while (this.#waiting.length > 0) this.#waiting.shift();
    this.#continue();
  }

  #continue(): void {
    const resume = this.#resume;
    this.#resume = null;
    resume?.();
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => this.#resume = resolve);
  }

  #full(size: number): boolean {
    const { length } = this.#waiting;
    const { items = Infinity, bytes = Infinity } = this.options;
    return length > 0 && (length >= items || this.#bytes + size > bytes);
  }

  #shift(): Item {
    const item = this.#waiting.shift()!;
    this.#bytes -= this.#sizeOf(item);
    return item;
  }

  #drop(item: Item): void {
    this.#dropped++;
    this.options.onDrop?.(item, this.#dropped);
  }

  #overflow(): BufferOverflow {
    const { items, bytes } = this.options;
    const bound = items === undefined ? `${bytes} bytes` : `${items} items`;
    return new BufferOverflow(
      `A buffer of ${bound} is full; let it be larger, or block or drop on overflow`,
    );
  }
}
