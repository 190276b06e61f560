import { pump } from "./lanes.ts";
import { createReadable, ignore } from "./stage.ts";

/** The readers of `streams`, and how to let go of them all. */
export function open<Streams extends readonly ReadableStream<unknown>[]>(streams: Streams): {
  readers: { [Index in keyof Streams]: ReadableStreamDefaultReader<ItemOf<Streams[Index]>> };
  cancel: (reason: unknown) => void;
} {
  const readers = streams.map((stream) => stream.getReader());
  return {
    readers: readers as unknown as {
      [Index in keyof Streams]: ReadableStreamDefaultReader<ItemOf<Streams[Index]>>;
    },
    cancel: (reason) => readers.forEach((reader) => reader.cancel(reason).catch(ignore)),
  };
}

/** What a stream gives. */
export type ItemOf<Stream> = Stream extends ReadableStream<infer Item> ? Item : never;

/**
 * The items of several streams as they come, each stream's in its order. Cancelled, it cancels all; the first that fails
 * fails it, and cancels the others. Memory: one item, and one of each stream.
 *
 * @example Two streams
 * ```ts
 * import { collect, from, merge } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual((await collect(merge([from([1, 2]), from([10])]))).sort(), [1, 10, 2]);
 * ```
 */
export function merge<Item>(streams: readonly ReadableStream<Item>[]): ReadableStream<Item> {
  const { readers, cancel } = open(streams);
  return createReadable<Item>(async (output) => {
    await Promise.all(readers.map((reader) => pump(reader, output)));
  }, cancel);
}
