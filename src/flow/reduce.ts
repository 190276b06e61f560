import { createStage, type Stage } from "./stage.ts";

/**
 * One item: the state after the last, from `initial()` on. An empty input gives `initial()`. An input that fails gives
 * nothing but the error. Memory: the state.
 *
 * @example A sum
 * ```ts
 * import { collect, from, reduce } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const sum = reduce((total: number, item: number) => total + item, () => 0);
 * assert.deepEqual(await collect(from([1, 2, 3]).pipeThrough(sum)), [6]);
 * ```
 */
export function reduce<In, State>(
  step: (state: State, item: In) => State | Promise<State>,
  initial: () => State,
): Stage<In, State> {
  return createStage((output) => {
    let state = initial();
    const keep = (next: State) => {
      state = next;
    };
    return {
      write(item) {
        const next = step(state, item);
        if (next instanceof Promise) return next.then(keep);
        return keep(next);
      },
      close: () => output.push(state),
    };
  }, { paced: false });
}
