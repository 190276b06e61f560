import { Lanes, readablesOf, writablesOf } from "./lanes.ts";
import { createStage, type Stage } from "./stage.ts";

/** How items are spread over lanes by key. */
export interface PartitionOptions<In, Out> {
  /** The key of an item; compared as text. */
  readonly key: (item: In) => unknown;
  /** How many lanes. */
  readonly lanes: number;
  /** Makes the stage of a lane. */
  readonly lane: (index: number) => Stage<In, Out>;
}

/**
 * Items of one key always go through the same lane, in order; lanes run beside each other, and what they give comes as it
 * is ready. A lane that is full holds the rest. A lane that is finished takes and forgets its items.
 * Memory: what the lanes hold, and one item a lane; nothing for a key.
 *
 * @example Running totals by user
 * ```ts
 * import { collect, from, partition, scan } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * type Visits = Readonly<Record<string, number>>;
 * const visits = partition({
 *   key: (user: string) => user,
 *   lanes: 4,
 *   lane: () => scan((seen: Visits, user: string) => ({ ...seen, [user]: (seen[user] ?? 0) + 1 }), (): Visits => ({})),
 * });
 * const seen = await collect(from(["ada", "alan", "ada"]).pipeThrough(visits));
 * assert.equal(seen.filter((visits) => visits["ada"] === 2).length, 1);
 * ```
 */
export function partition<In, Out>(options: PartitionOptions<In, Out>): Stage<In, Out> {
  const { lanes: count, lane, key } = options;
  if (!(count >= 1)) throw new RangeError(`Cannot partition into ${count} lanes; give 1 or more`);
  return createStage((output) => {
    const stages = Array.from({ length: count }, (_, index) => lane(index));
    const lanes = new Lanes(writablesOf(stages), readablesOf(stages), output);
    return {
      write: (item) => lanes.deliver(laneOf(key(item), count), item),
      close: () => lanes.close(),
      dispose: (reason) => lanes.dispose(reason),
    };
  }, { paced: false });
}

/** The lane of a key: FNV-1a (Fowler, Noll, Vo) over its UTF-16 units, mixed, so that lanes fill evenly. */
export function laneOf(key: unknown, lanes: number): number {
  const text = String(key);
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0) % lanes;
}
