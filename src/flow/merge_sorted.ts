import { open } from "./merge.ts";
import { createReadable, give } from "./stage.ts";

/**
 * The items of sorted streams, sorted; equal ones in the order of the streams. Waits for every stream that is not over.
 * Cancelled, or failed by one, it cancels all. Memory: one item of each stream.
 *
 * @example Two sorted streams
 * ```ts
 * import { collect, from, mergeSorted } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const merged = mergeSorted([from([1, 4]), from([2, 3])], (a, b) => a - b);
 * assert.deepEqual(await collect(merged), [1, 2, 3, 4]);
 * ```
 */
export function mergeSorted<Item>(
  streams: readonly ReadableStream<Item>[],
  compare: (a: Item, b: Item) => number,
): ReadableStream<Item> {
  const { readers, cancel } = open(streams);
  return createReadable<Item>(async (output) => {
    const heads = await Promise.all(readers.map((reader) => reader.read()));
    for (;;) {
      let least = -1;
      heads.forEach((head, index) => {
        if (head.done) return;
        if (least < 0 || compare(head.value, heads[least]!.value!) < 0) least = index;
      });
      if (least < 0 || output.ended) return;
      await give(output, heads[least]!.value!);
      heads[least] = await readers[least]!.read();
    }
  }, cancel);
}
