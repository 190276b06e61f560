import { systemClock, type Timed } from "./clock.ts";
import { Lanes } from "./lanes.ts";
import { Queue } from "./queue.ts";
import { createStage, type Stage, StageFinished } from "./stage.ts";

/** What a stage has done so far. Times in milliseconds. */
export interface Figures {
  /** Items it has taken. */
  in: number;
  /** Items it has given. */
  out: number;
  /** Time in which it had no item, and its reader room. */
  starvedMs: number;
  /** Time in which its reader had no room; it may have worked meanwhile. */
  blockedMs: number;
  /** Time in which it had items, and its reader room for what comes of them. */
  busyMs: number;
  /** How many writes took less than 1, 2, 4, … 2^19 ms, and longer ones: what a histogram with these bounds counts. */
  readonly latencies: number[];
  /** How it ended; "open" while it has not. */
  state: "open" | "ended" | "failed";
}

/** A stage that is watched. */
export interface Observed<In, Out> extends Stage<In, Out> {
  /** The figures, which move. */
  readonly figures: Readonly<Figures>;
}

/** How many bounds the histogram has. */
const BUCKETS = 21;

/**
 * A stage with figures of what it does. It costs what one more stage costs. Memory: the figures, and one item on each
 * side.
 *
 * @example A filter
 * ```ts
 * import { collect, filter, from, observe } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const stage = observe(filter((item: number) => item > 1));
 * assert.deepEqual(await collect(from([1, 2, 3]).pipeThrough(stage)), [2, 3]);
 * assert.deepEqual([stage.figures.in, stage.figures.out, stage.figures.state], [3, 2, "ended"]);
 * ```
 */
export function observe<In, Out>(
  stage: Stage<In, Out>,
  { clock = systemClock }: Timed = {},
): Observed<In, Out> {
  const figures: Figures = {
    in: 0,
    out: 0,
    starvedMs: 0,
    blockedMs: 0,
    busyMs: 0,
    latencies: Array<number>(BUCKETS).fill(0),
    state: "open",
  };
  let closed = false;
  const outer = createStage<In, Out>((output) => {
    const starts = new Queue<number>();
    let doing: "starvedMs" | "blockedMs" | "busyMs" = "starvedMs";
    let since = clock.now();
    const turn = (): void => {
      const now = clock.now();
      figures[doing] += now - since;
      since = now;
      doing = !output.room ? "blockedMs" : starts.length > 0 ? "busyMs" : "starvedMs";
    };
    const lanes = new Lanes([stage.writable], [stage.readable], output, {
      onItem: () => {
        figures.out++;
        turn();
      },
      onWritten: () => {
        const latency = clock.now() - starts.shift()!;
        figures.latencies[bucketOf(latency)]!++;
        turn();
      },
    });
    return {
      write(item) {
        figures.in++;
        starts.push(clock.now());
        turn();
        return lanes.deliver(0, item);
      },
      close: () =>
        lanes.close().then(() => {
          closed = true;
        }),
      pull: turn,
      dispose: (reason) => {
        turn();
        figures.state = closed || reason instanceof StageFinished ? "ended" : "failed";
        lanes.dispose(reason);
      },
    };
  }, { paced: false });
  return { ...outer, figures };
}

/** The place of a latency in the histogram: its bounds double. */
function bucketOf(ms: number): number {
  return ms < 1 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log2(ms)) + 1);
}
