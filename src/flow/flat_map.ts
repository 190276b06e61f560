import { isAsync } from "./source.ts";
import { createStage, give, type Output, type Stage } from "./stage.ts";

/** Several items, at once or as they come. */
export type Items<Item> = Iterable<Item> | AsyncIterable<Item>;

/**
 * Each item replaced by any number of items, taken from the iterator only as the reader takes them; an iterator that is
 * not read to its end is returned. Memory: one item, whatever the iterator could give.
 *
 * @example Words of lines
 * ```ts
 * import { collect, flatMap, from } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const words = flatMap((line: string) => line.split(" "));
 * assert.deepEqual(await collect(from(["a b", "c"]).pipeThrough(words)), ["a", "b", "c"]);
 * ```
 */
export function flatMap<In, Out>(
  work: (item: In, signal: AbortSignal) => Items<Out> | Promise<Items<Out>>,
): Stage<In, Out> {
  return createStage((output) => ({
    write(item) {
      const items = work(item, output.signal);
      return items instanceof Promise
        ? items.then((ready) => pushAll(output, ready))
        : pushAll(output, items);
    },
  }));
}

/** Pushes `items` while there is room: all at once where there is, or when the promise resolves. */
export function pushAll<Out>(output: Output<Out>, items: Items<Out>): void | Promise<void> {
  if (isAsync(items)) return pushAsync(output, items);
  const iterator = items[Symbol.iterator]();
  while (output.room) {
    const { done, value } = iterator.next();
    if (done === true) return;
    output.push(value);
  }
  return pushAsync(output, { [Symbol.iterator]: () => iterator });
}

async function pushAsync<Out>(output: Output<Out>, items: Items<Out>): Promise<void> {
  for await (const item of items) {
    await give(output, item);
    if (output.ended) return;
    if (!output.room) await output.ready();
  }
}
