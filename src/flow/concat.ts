import { pump } from "./lanes.ts";
import { open } from "./merge.ts";
import { createReadable } from "./stage.ts";

/**
 * The items of the first stream, then those of the next, and so on; a later one is not read before its turn. Cancelled,
 * or failed by one, it cancels all. Memory: one item.
 *
 * @example One after the other
 * ```ts
 * import { collect, concat, from } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(await collect(concat([from([1, 2]), from([3])])), [1, 2, 3]);
 * ```
 */
export function concat<Item>(streams: readonly ReadableStream<Item>[]): ReadableStream<Item> {
  const { readers, cancel } = open(streams);
  return createReadable<Item>(async (output) => {
    for (const reader of readers) await pump(reader, output);
  }, cancel);
}
