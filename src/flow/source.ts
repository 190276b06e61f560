/**
 * The ends of a pipeline: a stream from items, and items from a stream.
 * @module
 */

/**
 * A stream of the items of `items`, each taken when it is asked for; cancelled, it lets go of the iterator.
 * Memory: nothing beside the iterator.
 *
 * @example Numbers
 * ```ts
 * import { collect, from } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(await collect(from(new Set([1, 2]))), [1, 2]);
 * ```
 */
export function from<Item>(items: Iterable<Item> | AsyncIterable<Item>): ReadableStream<Item> {
  const iterator = isAsync(items) ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  return new ReadableStream<Item>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  }, { highWaterMark: 0 });
}

/** Whether items come one after the other, each when it is there; text is iterable too, and no object. */
export function isAsync<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
): items is AsyncIterable<Item> {
  return (items as Partial<AsyncIterable<Item>>)[Symbol.asyncIterator] !== undefined;
}

/**
 * All items of a stream, or its error. Memory: all items; for results that are known to be small.
 *
 * @example A small result
 * ```ts
 * import { collect, from, take } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(await collect(from("abc").pipeThrough(take(2))), ["a", "b"]);
 * ```
 */
export async function collect<Item>(stream: ReadableStream<Item>): Promise<Item[]> {
  const items: Item[] = [];
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return items;
    items.push(value);
  }
}
