import { createStage, type Stage } from "./stage.ts";

/**
 * The first `count` items; then the reader gets its end and the source is cancelled with StageFinished, which is no
 * failure. Memory: one item.
 *
 * @example Of an endless source
 * ```ts
 * import { collect, from, take } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * function* naturals() {
 *   for (let number = 0;; number++) yield number;
 * }
 * assert.deepEqual(await collect(from(naturals()).pipeThrough(take(3))), [0, 1, 2]);
 * ```
 */
export function take<Item>(count: number): Stage<Item, Item> {
  let left = count;
  return createStage((output) => {
    if (left <= 0) output.finish();
    return {
      write(item) {
        output.push(item);
        if (--left <= 0) output.finish();
      },
    };
  });
}
