import { Lanes, readablesOf, writablesOf } from "./lanes.ts";
import { createStage, type Stage, StageFinished } from "./stage.ts";

/** How branches come together again, and what happens when one is over. */
export interface BroadcastOptions<Branch, Out> {
  /**
   * Makes one stream of the branches': `zip`, `join`, `concat`, `mergeSorted`. Default: as they come. One that waits for
   * a certain branch while another one is full would wait for ever: `join` does not; give the others a `buffer`, or let
   * them end in `reduce`.
   */
  readonly combine?: (branches: readonly ReadableStream<Branch>[]) => ReadableStream<Out>;
  /** Whether the first branch that wants no more ends it all. Default: it is let go, and the others go on. */
  readonly eager?: boolean;
}

/**
 * Every item goes to every branch (fan-out, tee); the slowest holds the rest, so nothing piles up as in the platform's
 * `tee()`. Items are shared, not copied. A branch that is finished or cancelled is let go; one that fails fails all.
 * Memory: what the branches hold, and one item a branch.
 *
 * @example Two answers in one pass
 * ```ts
 * import { broadcast, collect, from, reduce } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const stage = broadcast([
 *   reduce((most: number, item: number) => Math.max(most, item), () => 0),
 *   reduce((count: number) => count + 1, () => 0),
 * ]);
 * assert.deepEqual(await collect(from([5, 9, 7]).pipeThrough(stage)), [9, 3]);
 * ```
 */
export function broadcast<In, Out>(
  branches: readonly Stage<In, Out>[],
  options?: { readonly eager?: boolean },
): Stage<In, Out>;
export function broadcast<In, Branch, Out>(
  branches: readonly Stage<In, Branch>[],
  options: BroadcastOptions<Branch, Out>,
): Stage<In, Out>;
export function broadcast<In, Out>(
  branches: readonly Stage<In, Out>[],
  options: BroadcastOptions<Out, Out> = {},
): Stage<In, Out> {
  if (branches.length === 0) throw new RangeError("Cannot broadcast to no branch; give 1 or more");
  return createStage((output) => {
    const readables = readablesOf(branches);
    const combined = options.combine === undefined ? readables : [options.combine(readables)];
    const lanes = new Lanes(writablesOf(branches), combined, output, {
      onEnd: (_lane, reason) => {
        if (options.eager === true && reason instanceof StageFinished) output.finish();
      },
    });
    const all = branches.map((_, index) => index);
    const ready = () => all.every((lane) => lanes.hasRoom(lane));
    return {
      write: (item) => ready() ? all.forEach((lane) => lanes.send(lane, item)) : sendLater(item),
      close: () => lanes.close(),
      dispose: (reason) => lanes.dispose(reason),
    };
    async function sendLater(item: In): Promise<void> {
      while (!ready()) await lanes.change();
      for (const lane of all) lanes.send(lane, item);
    }
  }, { paced: false });
}
