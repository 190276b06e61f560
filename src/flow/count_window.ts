import { createStage, type Stage } from "./stage.ts";

/**
 * The last `size` items, after every `every` items from the first full window on; an input that is shorter gives nothing.
 * For windows that do not overlap use `batch`. Memory: `size` items, and one window.
 *
 * @example A moving average
 * ```ts
 * import { collect, countWindow, from, map, pipeline } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const average = pipeline(countWindow<number>(2), map(([a = 0, b = 0]) => (a + b) / 2));
 * assert.deepEqual(await collect(from([1, 3, 5]).pipeThrough(average)), [2, 4]);
 * ```
 */
export function countWindow<Item>(size: number, every = 1): Stage<Item, Item[]> {
  if (!(size >= 1) || !(every >= 1)) {
    throw new RangeError(`Cannot make windows of ${size} items every ${every}; give 1 or more`);
  }
  return createStage((output) => {
    const last: Item[] = [];
    let due = size;
    return {
      write(item) {
        last.push(item);
        if (last.length > size) last.shift();
        if (--due > 0) return;
        due = every;
        output.push([...last]);
      },
    };
  });
}
