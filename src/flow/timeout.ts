import { systemClock, type Timed } from "./clock.ts";
import { createStage, type Stage, type Work } from "./stage.ts";

/** Which time was over. */
export type TimeoutKind = "item" | "first" | "idle" | "total";

/** What a timeout fails with. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
  constructor(readonly kind: TimeoutKind, readonly ms: number) {
    super(MESSAGES[kind].replace("%", String(ms)));
  }
}

const MESSAGES: Readonly<Record<TimeoutKind, string>> = {
  item: "An item took longer than % ms",
  first: "No item came in the first % ms",
  idle: "No item came for % ms",
  total: "The stream took longer than % ms",
};

/** Times, in milliseconds; those not given do not end. */
export interface TimeoutOptions extends Timed {
  /** Longest wait for the first item. */
  readonly firstMs?: number;
  /** Longest wait for the next item. Does not run while the reader holds the stage. */
  readonly idleMs?: number;
  /** Longest time for all. */
  readonly totalMs?: number;
}

/**
 * Fails a stream that stalls: no first item, none for a while, or not done in time, each with its own TimeoutError at both
 * ends. For the time of one item's work see `timeLimit`. Memory: one item, one or two timers.
 *
 * @example In time
 * ```ts
 * import { collect, from, timeout } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const guarded = timeout<number>({ idleMs: 1000, totalMs: 5000 });
 * assert.deepEqual(await collect(from([1, 2]).pipeThrough(guarded)), [1, 2]);
 * ```
 */
export function timeout<Item>(options: TimeoutOptions): Stage<Item, Item> {
  const { clock = systemClock, firstMs, idleMs, totalMs } = options;
  return createStage((output) => {
    let at = clock.now();
    let first = firstMs !== undefined;
    let idle: unknown = null;
    const fail = (kind: TimeoutKind, ms: number) => output.fail(new TimeoutError(kind, ms));
    // One timer that looks again, since setting one for every item would cost more than the item.
    const watch = (ms: number) => {
      idle = clock.setTimeout(() => {
        const waited = output.room ? clock.now() - at : 0;
        if (waited >= limit()) fail(first ? "first" : "idle", limit());
        else watch(limit() - waited);
      }, ms);
    };
    const limit = () => (first ? firstMs : idleMs) ?? Infinity;
    const total = totalMs === undefined
      ? null
      : clock.setTimeout(() => fail("total", totalMs), totalMs);
    if (limit() < Infinity) watch(limit());
    return {
      write(item) {
        at = clock.now();
        if (first) {
          first = false;
          clock.clearTimeout(idle);
          if (idleMs !== undefined) watch(idleMs);
        }
        output.push(item);
      },
      pull: () => {
        at = clock.now();
      },
      dispose: () => {
        clock.clearTimeout(idle);
        clock.clearTimeout(total);
      },
    };
  });
}

/**
 * `work` with a longest time: then its signal aborts, and it fails with a TimeoutError of kind "item". Memory: a timer for
 * each call under way.
 *
 * @example A function that answers in time
 * ```ts
 * import { collect, from, map, timeLimit } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const ask = timeLimit(async (id: number) => await Promise.resolve(id * 2), { ms: 1000 });
 * assert.deepEqual(await collect(from([1, 2]).pipeThrough(map(ask))), [2, 4]);
 * ```
 */
export function timeLimit<In, Out>(
  work: Work<In, Out>,
  { ms, clock = systemClock }: { readonly ms: number } & Timed,
): Work<In, Out> {
  return (item, signal) => {
    const own = new AbortController();
    const pass = () => own.abort(signal.reason);
    if (signal.aborted) pass();
    signal.addEventListener("abort", pass, { once: true });
    return new Promise<Out>((resolve, reject) => {
      own.signal.addEventListener("abort", () => reject(own.signal.reason), { once: true });
      const timer = clock.setTimeout(() => own.abort(new TimeoutError("item", ms)), ms);
      const settled = () => {
        clock.clearTimeout(timer);
        signal.removeEventListener("abort", pass);
      };
      own.signal.addEventListener("abort", settled, { once: true });
      Promise.resolve().then(() => work(item, own.signal)).then(resolve, reject).finally(settled);
    });
  };
}
