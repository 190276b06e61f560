import { type ItemOf, open } from "./merge.ts";
import { createReadable, give } from "./stage.ts";

/**
 * The first items of all streams as an array, then the second ones, until one stream is over; then the others are
 * cancelled. Memory: one item of each stream.
 *
 * @example Pairs
 * ```ts
 * import { collect, from, zip } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const pairs: [number, string][] = await collect(zip([from([1, 2, 3]), from("ab")]));
 * assert.deepEqual(pairs, [[1, "a"], [2, "b"]]);
 * ```
 */
export function zip<const Streams extends readonly ReadableStream<unknown>[]>(
  streams: Streams,
): ReadableStream<{ -readonly [Index in keyof Streams]: ItemOf<Streams[Index]> }> {
  type Tuple = { -readonly [Index in keyof Streams]: ItemOf<Streams[Index]> };
  const { readers, cancel } = open(streams);
  return createReadable<Tuple>(async (output) => {
    const all = readers as readonly ReadableStreamDefaultReader<unknown>[];
    while (!output.ended && all.length > 0) {
      while (!output.room && !output.ended) await output.ready();
      const items = await Promise.all(all.map((reader) => reader.read()));
      if (items.some(({ done }) => done)) return;
      await give(output, items.map(({ value }) => value) as unknown as Tuple);
    }
  }, cancel);
}
