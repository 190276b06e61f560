import { flatMap } from "./flat_map.ts";
import type { Stage } from "./stage.ts";

/**
 * The items of each batch, one by one. Memory: the batch that is being given.
 *
 * @example Items again
 * ```ts
 * import { collect, from, unbatch } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(await collect(from([[1, 2], [], [3]]).pipeThrough(unbatch())), [1, 2, 3]);
 * ```
 */
export function unbatch<Item>(): Stage<Iterable<Item>, Item> {
  return flatMap((batch: Iterable<Item>) => batch);
}
