import { createStage, give, type Stage, type Work } from "./stage.ts";

/**
 * Each item replaced by what `work` makes of it, one at a time, in order. What it throws ends both ends.
 * Memory: one item. A sync function costs no promise.
 *
 * @example Lengths
 * ```ts
 * import { collect, from, map } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const lengths = map((word: string) => word.length);
 * assert.deepEqual(await collect(from(["a", "bcd"]).pipeThrough(lengths)), [1, 3]);
 * ```
 */
export function map<In, Out>(work: Work<In, Out>): Stage<In, Out> {
  return createStage((output) => ({
    write(item) {
      const result = work(item, output.signal);
      if (result instanceof Promise) return result.then((value) => give(output, value));
      return output.push(result);
    },
  }));
}
