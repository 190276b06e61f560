/**
 * Composition of stages.
 * @module
 */
import { ignore, type Stage } from "./stage.ts";

/** A stage whose types are checked where it is made. */
// deno-lint-ignore no-explicit-any -- the overloads say the types; here they are only piped
type Piece = Stage<any, any>;

/**
 * Stages piped one into the next, as one stage. What one gives must be what the next takes, or it does not compile.
 * An error anywhere, a cancelled reader and an aborted writer all reach both ends, with the same object.
 * Memory: that of its stages.
 *
 * @example Two stages
 * ```ts
 * import { collect, filter, from, map, pipeline } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const stage = pipeline(map((text: string) => text.length), filter((size) => size > 1));
 * assert.deepEqual(await collect(from(["a", "bb", "ccc"]).pipeThrough(stage)), [2, 3]);
 * ```
 */
export function pipeline<A, B>(a: Stage<A, B>): Stage<A, B>;
export function pipeline<A, B, C>(a: Stage<A, B>, b: Stage<B, C>): Stage<A, C>;
export function pipeline<A, B, C, D>(
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
): Stage<A, D>;
export function pipeline<A, B, C, D, E>(
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
): Stage<A, E>;
export function pipeline<A, B, C, D, E, F>(
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
): Stage<A, F>;
export function pipeline<A, B, C, D, E, F, G>(
  a: Stage<A, B>,
  b: Stage<B, C>,
  c: Stage<C, D>,
  d: Stage<D, E>,
  e: Stage<E, F>,
  f: Stage<F, G>,
): Stage<A, G>;
export function pipeline(...stages: readonly [Piece, ...Piece[]]): Piece {
  let last: Piece = stages[0];
  for (const stage of stages.slice(1)) {
    last.readable.pipeTo(stage.writable).catch(ignore);
    last = stage;
  }
  return { writable: stages[0].writable, readable: last.readable };
}
