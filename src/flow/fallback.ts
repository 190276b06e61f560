import type { Work } from "./stage.ts";

/**
 * `work`, and what to give when it fails: of the errors that `when` holds for (default: all). Of an aborted signal it
 * makes nothing, since nobody waits. Memory: nothing.
 *
 * @example A value instead
 * ```ts
 * import { collect, fallback, from, map } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const parsed = map(fallback((text: string): unknown => JSON.parse(text), (text) => ({ text })));
 * assert.deepEqual(await collect(from(["1", "?"]).pipeThrough(parsed)), [1, { text: "?" }]);
 * ```
 */
export function fallback<In, Out>(
  work: Work<In, Out>,
  otherwise: (item: In, error: unknown) => Out | Promise<Out>,
  when: (error: unknown) => boolean = () => true,
): Work<In, Out> {
  return (item, signal) => {
    const instead = (error: unknown) => {
      if (signal.aborted || !when(error)) throw error;
      return otherwise(item, error);
    };
    try {
      const result = work(item, signal);
      return result instanceof Promise ? result.catch(instead) : result;
    } catch (error) {
      return instead(error);
    }
  };
}
