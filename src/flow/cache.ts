import { LRUCache } from "lru-cache";
import { systemClock, type Timed } from "./clock.ts";
import type { Work } from "./stage.ts";

/** What is remembered, and for how long. */
export interface CacheOptions<In, Key, Out = unknown> extends Timed {
  /** What makes two items ask the same. */
  readonly key: (item: In) => Key;
  /** Most answers kept; the one not used for longest goes first. */
  readonly size: number;
  /** How long an answer is good, in milliseconds. Default: until it has to go. */
  readonly ttlMs?: number;
  /** What an answer weighs: a whole number above 0. With `maxWeight`. */
  readonly weigh?: (value: Out, key: Key) => number;
  /** The most that all answers may weigh; one that is heavier alone is not kept. */
  readonly maxWeight?: number;
}

/** What a cache has done. */
export interface CacheFigures {
  /** Answered from memory. */
  hits: number;
  /** Asked. */
  misses: number;
  /** Answered by a call that was under way for the same key. */
  shared: number;
  /** Left because the cache was full. */
  evictions: number;
  /** What the answers weigh; 0 when nobody weighs them. */
  readonly weight: number;
}

/** A function that remembers. */
export interface Cached<In, Out, Key> {
  (item: In, signal: AbortSignal): Out | Promise<Out>;
  /** Counts, as they are now. */
  readonly figures: Readonly<CacheFigures>;
  /** Puts an answer in, such as one that is known at start. */
  set(key: Key, value: Out): void;
  /** Forgets an answer. */
  delete(key: Key): void;
  /** Forgets all. */
  clear(): void;
}

interface Call<Out> {
  readonly result: Promise<Out>;
  readonly controller: AbortController;
  callers: number;
}

/**
 * `work` that is asked once for items with the same key, however many ask at once (single flight); failures are not
 * kept. A shared call is aborted when all that wait for it are. A hit is sync. Memory: `size` answers (lru-cache), and the
 * calls under way.
 *
 * @example Asked once
 * ```ts
 * import { cache, collect, from, parallel } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const ask = cache(async (id: string) => await Promise.resolve(id.length), { key: (id) => id, size: 100, ttlMs: 60_000 });
 * const sizes = from(["ab", "ab", "c", "ab"]).pipeThrough(parallel(ask, { workers: 2 }));
 * assert.deepEqual(await collect(sizes), [2, 2, 1, 2]);
 * assert.equal(ask.figures.misses, 2);
 * ```
 */
export function cache<In, Out, Key extends NonNullable<unknown>>(
  work: Work<In, Out>,
  options: CacheOptions<In, Key, Out>,
): Cached<In, Out, Key> {
  const { clock = systemClock, key: keyOf, size, ttlMs = 0, weigh, maxWeight } = options;
  const figures: CacheFigures = {
    hits: 0,
    misses: 0,
    shared: 0,
    evictions: 0,
    get weight() {
      return answers.calculatedSize;
    },
  };
  const answers = new LRUCache<Key, { readonly value: Out }>({
    max: size,
    ttl: ttlMs,
    // With a resolution above 0 it would set timers.
    ttlResolution: 0,
    // It takes a time of 0 for none.
    perf: { now: () => clock.now() + 1 },
    ...(weigh !== undefined && maxWeight !== undefined && {
      maxSize: maxWeight,
      sizeCalculation: ({ value }: { readonly value: Out }, key: Key) => weigh(value, key),
    }),
    dispose: (_value, _key, reason) => {
      if (reason === "evict") figures.evictions++;
    },
  });
  const calls = new Map<Key, Call<Out>>();
  const ask = (key: Key, item: In): Call<Out> => {
    figures.misses++;
    const controller = new AbortController();
    const result = (async () => await work(item, controller.signal))();
    const call = { result, controller, callers: 0 };
    calls.set(key, call);
    const over = () => calls.get(key) === call && calls.delete(key);
    result.then((value) => over() && answers.set(key, { value }), over);
    return call;
  };
  return Object.assign((item: In, signal: AbortSignal) => {
    const key = keyOf(item);
    const known = answers.get(key);
    if (known !== undefined) {
      figures.hits++;
      return known.value;
    }
    if (signal.aborted) return Promise.reject(signal.reason);
    const underWay = calls.get(key);
    if (underWay !== undefined) figures.shared++;
    const call = underWay ?? ask(key, item);
    return join(call, signal, () => calls.get(key) === call && calls.delete(key));
  }, {
    figures,
    set: (key: Key, value: Out) => void answers.set(key, { value }),
    delete: (key: Key) => {
      answers.delete(key);
      calls.delete(key);
    },
    clear: () => {
      answers.clear();
      calls.clear();
    },
  });
}

/** One more that waits for `call`; the last to give up aborts it. */
function join<Out>(call: Call<Out>, signal: AbortSignal, onLast: () => unknown): Promise<Out> {
  call.callers++;
  const leave = () => {
    if (--call.callers > 0) return;
    onLast();
    call.controller.abort(signal.reason);
  };
  signal.addEventListener("abort", leave, { once: true });
  return call.result.finally(() => signal.removeEventListener("abort", leave));
}
