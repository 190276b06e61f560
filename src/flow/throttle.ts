import { LRUCache } from "lru-cache";
import type { AdaptiveRate } from "./adaptive_rate.ts";
import { systemClock, type Timed } from "./clock.ts";
import { createStage, give, type Stage } from "./stage.ts";

/** How fast items may pass. */
export interface ThrottleOptions<Item> extends Timed {
  /** Items (or units of `cost`) a second; an AdaptiveRate changes it while it runs. */
  readonly rate: number | AdaptiveRate;
  /** How many may pass at once after a pause. Default: a hundredth of the rate, at least 1. */
  readonly burst?: number;
  /** What an item costs, such as its bytes. Default 1. */
  readonly cost?: (item: Item) => number;
  /** Gives each key a rate of its own. An item that waits holds those behind it: partition first where that matters. */
  readonly key?: (item: Item) => unknown;
  /** How many keys are remembered, the last used ones. Default 10000. */
  readonly keys?: number;
}

/**
 * Shapes a stream to a rate by waiting; nothing is dropped. A token bucket: an item may pass when its bucket is not in
 * debt, and a costly one puts it into debt. Memory: one item, and a bucket a key, at most `keys`.
 *
 * @example A thousand a second, ten at once
 * ```ts
 * import { collect, from, throttle } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const slowly = throttle<number>({ rate: 1000, burst: 10 });
 * assert.deepEqual(await collect(from([1, 2, 3]).pipeThrough(slowly)), [1, 2, 3]);
 * ```
 */
export function throttle<Item>(options: ThrottleOptions<Item>): Stage<Item, Item> {
  const { clock = systemClock, cost = () => 1, key, keys = 10_000 } = options;
  const rate = () => typeof options.rate === "number" ? options.rate : options.rate.current;
  if (!(rate() > 0)) {
    throw new RangeError(`Cannot throttle to ${rate()} a second; give more than 0`);
  }
  const make = () => new Bucket(rate, options.burst, clock.now());
  const bucketOf = key === undefined ? one(make()) : remembered(make, key, keys);
  return createStage((output) => {
    let timer: unknown = null;
    return {
      write(item) {
        const waitMs = bucketOf(item).take(cost(item), clock.now());
        if (waitMs <= 0) return output.push(item);
        return new Promise<void>((resolve) => {
          timer = clock.setTimeout(resolve, waitMs);
        }).then(() => give(output, item));
      },
      dispose: () => clock.clearTimeout(timer),
    };
  });
}

function one(bucket: Bucket): () => Bucket {
  return () => bucket;
}

/** The bucket of an item's key; the last used `keys` of them are kept. */
function remembered<Item>(
  make: () => Bucket,
  key: (item: Item) => unknown,
  keys: number,
): (item: Item) => Bucket {
  const buckets = new LRUCache<string, Bucket>({ max: keys });
  return (item) => {
    const name = String(key(item));
    const bucket = buckets.get(name) ?? make();
    buckets.set(name, bucket);
    return bucket;
  };
}

/** A token bucket: what may pass at a rate, `burst` at once after a pause. Costly work puts it into debt. */
export class Bucket {
  #tokens: number;
  #at: number;

  constructor(
    readonly rate: () => number,
    readonly burst: number | undefined,
    now: number,
  ) {
    this.#tokens = this.#most();
    this.#at = now;
  }

  /** Takes `cost`; gives the milliseconds to wait before it counts. */
  take(cost: number, now: number): number {
    const perMs = this.rate() / 1000;
    this.#tokens = Math.min(this.#most(), this.#tokens + (now - this.#at) * perMs);
    this.#at = now;
    this.#tokens -= cost;
    return this.#tokens >= 0 ? 0 : -this.#tokens / perMs;
  }

  #most(): number {
    return this.burst ?? Math.max(1, this.rate() / 100);
  }
}
