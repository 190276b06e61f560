import { createStage, type Stage } from "./stage.ts";

/**
 * The state after each item, from `initial()` on. `step` is sync and must return a new state where it was given out
 * already. Memory: the state, and one item.
 *
 * @example A running total
 * ```ts
 * import { collect, from, scan } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const totals = scan((total: number, item: number) => total + item, () => 0);
 * assert.deepEqual(await collect(from([1, 2, 3]).pipeThrough(totals)), [1, 3, 6]);
 * ```
 */
export function scan<In, State>(
  step: (state: State, item: In) => State,
  initial: () => State,
): Stage<In, State> {
  return createStage((output) => {
    let state = initial();
    return {
      write(item) {
        state = step(state, item);
        output.push(state);
      },
    };
  });
}
