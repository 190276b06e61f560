import { createStage, type Stage } from "./stage.ts";

/**
 * The items that `keep` holds for; a type guard narrows the type. Memory: one item.
 *
 * @example Even numbers
 * ```ts
 * import { collect, filter, from } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const even = filter((number: number) => number % 2 === 0);
 * assert.deepEqual(await collect(from([1, 2, 3, 4]).pipeThrough(even)), [2, 4]);
 * ```
 */
export function filter<In, Out extends In>(keep: (item: In) => item is Out): Stage<In, Out>;
export function filter<In>(keep: (item: In) => boolean | Promise<boolean>): Stage<In, In>;
export function filter<In>(keep: (item: In) => boolean | Promise<boolean>): Stage<In, In> {
  return createStage((output) => ({
    write(item) {
      const kept = keep(item);
      if (kept instanceof Promise) {
        return kept.then((value) => value ? output.push(item) : undefined);
      }
      return kept ? output.push(item) : undefined;
    },
  }));
}
