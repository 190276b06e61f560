import { open } from "./merge.ts";
import { Queue } from "./queue.ts";
import { createReadable, give, type Output } from "./stage.ts";

/** How two streams are joined. */
export interface JoinOptions<Left, Right> {
  /** The key of an item of the left stream. */
  readonly left: (item: Left) => unknown;
  /** The key of an item of the right stream. */
  readonly right: (item: Right) => unknown;
  /** Most items of both sides that may wait, for their other half or their turn; a pair is one. Default 10000. More fail the join. */
  readonly most?: number;
  /** What happens to left items without a right one: left out (the default), or given with undefined. */
  readonly unmatched?: "drop" | "left";
}

/** What a join fails with that would have to hold more than it may. */
export class JoinOverflow extends Error {
  override readonly name = "JoinOverflow";
}

interface Pair<Left, Right> {
  readonly left: Left;
  right: Right | undefined;
  matched: boolean;
}

/**
 * Pairs of items with the same key: the n-th left one of a key with the n-th right one. Both streams are read as they
 * come, so branches of a broadcast cannot block each other, and pairs come in the order of the left stream, so the answer
 * does not depend on which branch was faster. Memory: the items that wait, at most `most`; one more fails the join.
 *
 * @example Branches of one stream, together again
 * ```ts
 * import { collect, from, join } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const prices = from([{ id: "b", price: 2 }, { id: "a", price: 1 }]);
 * const names = from([{ id: "a", name: "Apple" }, { id: "b", name: "Bean" }]);
 * const joined = join(names, prices, { left: ({ id }) => id, right: ({ id }) => id });
 * assert.deepEqual((await collect(joined)).map(([name, price]) => [name.name, price?.price]), [["Apple", 1], ["Bean", 2]]);
 * ```
 */
export function join<Left, Right>(
  left: ReadableStream<Left>,
  right: ReadableStream<Right>,
  options: JoinOptions<Left, Right>,
): ReadableStream<[Left, Right | undefined]> {
  const { readers, cancel } = open([left, right] as const);
  return createReadable<[Left, Right | undefined]>(
    (output) => new Join(output, options).run(readers[0], readers[1]),
    cancel,
  );
}

class Join<Left, Right> {
  /** Left items whose pair has not been given, in order. */
  readonly #pairs = new Queue<Pair<Left, Right>>();
  readonly #lefts = new Map<unknown, Queue<Pair<Left, Right>>>();
  readonly #rights = new Map<unknown, Queue<Right>>();
  readonly #most: number;
  #held = 0;
  /** The giving that is under way: there is one at a time, so order is kept. */
  #giving: Promise<void> = Promise.resolve();
  #leftOver = false;
  #rightOver = false;

  constructor(
    readonly output: Output<[Left, Right | undefined]>,
    readonly options: JoinOptions<Left, Right>,
  ) {
    this.#most = options.most ?? 10_000;
  }

  async run(
    left: ReadableStreamDefaultReader<Left>,
    right: ReadableStreamDefaultReader<Right>,
  ): Promise<void> {
    await Promise.all([
      this.#read(left, (item) => this.#takeLeft(item)).then(() => {
        this.#leftOver = true;
        for (const { length } of this.#rights.values()) this.#held -= length;
        this.#rights.clear();
      }),
      this.#read(right, (item) => this.#takeRight(item)).then(() => {
        this.#rightOver = true;
        return this.#give();
      }),
    ]);
    await this.#give();
  }

  async #read<Item>(
    reader: ReadableStreamDefaultReader<Item>,
    take: (item: Item) => void,
  ): Promise<void> {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.output.ended) return;
      take(value);
      await this.#give();
    }
  }

  #takeLeft(left: Left): void {
    const key = this.options.left(left);
    const right = take(this.#rights, key);
    const pair = { left, right, matched: right !== undefined };
    this.#pairs.push(pair);
    if (pair.matched) this.#held--;
    else put(this.#lefts, key, pair);
    this.#hold();
  }

  #takeRight(right: Right): void {
    const key = this.options.right(right);
    const pair = take(this.#lefts, key);
    if (pair === undefined) {
      if (this.#leftOver) return;
      put(this.#rights, key, right);
      return this.#hold();
    }
    pair.right = right;
    pair.matched = true;
  }

  #hold(): void {
    if (++this.#held <= this.#most) return;
    throw new JoinOverflow(
      `A join holds ${this.#held} items that wait for their other half; let it hold \`most\` of more than ${this.#most}, or sort both sides alike`,
    );
  }

  /** Gives all pairs from the front that are complete. */
  #give(): Promise<void> {
    return this.#giving = this.#giving.then(async () => {
      while (this.#pairs.length > 0 && (this.#pairs.first!.matched || this.#rightOver)) {
        const { left, right, matched } = this.#pairs.shift()!;
        this.#held--;
        if (matched || this.options.unmatched === "left") await give(this.output, [left, right]);
      }
    });
  }
}

function put<Item>(waiting: Map<unknown, Queue<Item>>, key: unknown, item: Item): void {
  const queue = waiting.get(key);
  if (queue !== undefined) return queue.push(item);
  const first = new Queue<Item>();
  first.push(item);
  waiting.set(key, first);
}

function take<Item>(waiting: Map<unknown, Queue<Item>>, key: unknown): Item | undefined {
  const queue = waiting.get(key);
  const item = queue?.shift();
  if (queue?.length === 0) waiting.delete(key);
  return item;
}
