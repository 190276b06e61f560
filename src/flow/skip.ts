import { createStage, type Stage } from "./stage.ts";

/**
 * All items but the first `count`. Memory: one item.
 *
 * @example Without a heading
 * ```ts
 * import { collect, from, skip } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(await collect(from(["name", "Ada", "Alan"]).pipeThrough(skip(1))), ["Ada", "Alan"]);
 * ```
 */
export function skip<Item>(count: number): Stage<Item, Item> {
  let left = count;
  return createStage((output) => ({
    write(item) {
      if (left > 0) left--;
      else output.push(item);
    },
  }));
}
