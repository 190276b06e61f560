import { createStage, type Stage } from "./stage.ts";

/**
 * Shows each item to `look` before it goes on, unchanged. What `look` throws ends both ends; what it returns is waited
 * for. Memory: one item.
 *
 * @example Counting
 * ```ts
 * import { collect, from, tap } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * let seen = 0;
 * assert.deepEqual(await collect(from("ab").pipeThrough(tap(() => seen++))), ["a", "b"]);
 * assert.equal(seen, 2);
 * ```
 */
export function tap<Item>(look: (item: Item) => unknown): Stage<Item, Item> {
  return createStage((output) => ({
    write(item) {
      const looked = look(item);
      if (looked instanceof Promise) return looked.then(() => output.push(item));
      return output.push(item);
    },
  }));
}
