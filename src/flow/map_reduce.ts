import { flatMap, type Items } from "./flat_map.ts";
import { parallel } from "./parallel.ts";
import { pipeline } from "./pipeline.ts";
import { createStage, type Stage } from "./stage.ts";
import { pushAll } from "./flat_map.ts";

/** The four steps. */
export interface MapReduceOptions<In, Part, Key, Value, Out> {
  /** Cuts an item into parts that can be worked on apart. Default: the item itself. */
  readonly split?: (item: In) => Items<Part>;
  /** The keys and values of a part; several parts at the same time. */
  readonly map: (
    part: Part,
    signal: AbortSignal,
  ) => Iterable<readonly [Key, Value]> | Promise<Iterable<readonly [Key, Value]>>;
  /** Two values of one key as one. Called in the order of the input, so it need not commute. */
  readonly combine: (left: Value, right: Value) => Value;
  /** What to give for a key. */
  readonly reduce: (key: Key, value: Value) => Out;
  /** How many parts are mapped at the same time. Default 4. */
  readonly workers?: number;
  /** Most keys. Default 100000; one more fails the stage. */
  readonly most?: number;
}

/** What mapReduce fails with when there are more keys than may be. */
export class TooManyKeys extends Error {
  override readonly name = "TooManyKeys";
}

/**
 * Splits, maps in parallel, combines by key, and gives a result for each key at the end, in the order in which keys came
 * first: the same whichever part was ready first (Dean and Ghemawat, 2004). Values are combined within a part before they
 * are with others'. Memory: a value for each key, at most `most`, and `workers` parts.
 *
 * @example Words
 * ```ts
 * import { collect, from, mapReduce } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const words = mapReduce({
 *   map: (line: string) => line.split(" ").map((word) => [word, 1] as const),
 *   combine: (a: number, b: number) => a + b,
 *   reduce: (word, count) => `${word} ${count}`,
 * });
 * assert.deepEqual(await collect(from(["b a", "a b b"]).pipeThrough(words)), ["b 3", "a 2"]);
 * ```
 */
export function mapReduce<In, Key, Value, Out, Part = In>(
  options: MapReduceOptions<In, Part, Key, Value, Out>,
): Stage<In, Out> {
  const { split, combine, workers = 4, most = 100_000 } = options;
  const add = (all: Map<Key, Value>, key: Key, value: Value) => {
    all.set(key, all.has(key) ? combine(all.get(key)!, value) : value);
    if (all.size <= most) return;
    throw new TooManyKeys(`More than ${most} keys; let \`most\` be larger, or map to fewer keys`);
  };
  const partial = (pairs: Iterable<readonly [Key, Value]>): Map<Key, Value> => {
    const own = new Map<Key, Value>();
    for (const [key, value] of pairs) add(own, key, value);
    return own;
  };
  return pipeline(
    flatMap((item: In): Items<Part> => split?.(item) ?? [item as unknown as Part]),
    parallel((part: Part, signal) => {
      const pairs = options.map(part, signal);
      return pairs instanceof Promise ? pairs.then(partial) : partial(pairs);
    }, { workers }),
    createStage<Map<Key, Value>, Out>((output) => {
      const all = new Map<Key, Value>();
      return {
        write: (own) => own.forEach((value, key) => add(all, key, value)),
        close: () => pushAll(output, results(all, options.reduce)),
      };
    }),
  );
}

function* results<Key, Value, Out>(
  all: Map<Key, Value>,
  reduce: (key: Key, value: Value) => Out,
): Generator<Out> {
  for (const [key, value] of all) yield reduce(key, value);
}
