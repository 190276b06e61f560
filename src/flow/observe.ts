import { type Clock, systemClock, type Timed } from "./clock.ts";
import { Lanes } from "./lanes.ts";
import { createStage, type Stage } from "./stage.ts";
import { endOf, type Watchable } from "./watch.ts";

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
 * A stage with figures of what it does. One that the library made is watched from within, first and last stage of a
 * `pipeline` alike: that costs two looks at the clock an item, and holds nothing. Around any other it costs what one more stage
 * costs, and holds an item on each side.
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
  const own = endOf(stage.writable) === undefined || endOf(stage.readable) === undefined
    ? around(stage)
    : stage;
  const [first, last] = [endOf(own.writable)!, endOf(own.readable)!];
  const meter = new Meter(clock, last);
  first.watchers.push({
    began: () => meter.began(),
    waits: () => meter.turn(),
    wrote: () => meter.wrote(),
  });
  last.watchers.push({
    gave: () => meter.gave(),
    taken: () => meter.turn(),
    ended: (well) => meter.ended(well),
  });
  return { readable: own.readable, writable: own.writable, figures: meter.figures };
}

/** A stage of the library that does what a pair of any streams does. */
function around<In, Out>(stage: Stage<In, Out>): Stage<In, Out> {
  return createStage((output) => {
    const lanes = new Lanes([stage.writable], [stage.readable], output);
    return {
      async write(item) {
        await lanes.deliver(0, item);
        while (lanes.open(0) && lanes.pending(0) > 0) await lanes.change();
      },
      close: () => lanes.close(),
      dispose: (reason) => lanes.dispose(reason),
    };
  }, { paced: false });
}

class Meter {
  readonly figures: Figures = {
    in: 0,
    out: 0,
    starvedMs: 0,
    blockedMs: 0,
    busyMs: 0,
    latencies: Array<number>(BUCKETS).fill(0),
    state: "open",
  };
  #doing: "starvedMs" | "blockedMs" | "busyMs" = "starvedMs";
  #since: number;
  #begun = 0;
  /** A write is under way, and whether the call of it has not returned. */
  #writing = false;
  #calling = false;

  constructor(readonly clock: Clock, readonly output: Pick<Watchable, "room">) {
    this.#since = clock.now();
  }

  began(): void {
    this.figures.in++;
    this.#writing = this.#calling = true;
    this.#begun = this.#enter("busyMs");
  }

  wrote(): void {
    this.#writing = this.#calling = false;
    const now = this.#enter(this.#next());
    this.figures.latencies[bucketOf(now - this.#begun)]!++;
  }

  gave(): void {
    this.figures.out++;
    // The end of the call, which follows at once, looks at the clock.
    if (!this.#calling) this.turn();
  }

  /** Something may have changed. */
  turn(): void {
    this.#calling = false;
    const next = this.#next();
    if (next !== this.#doing) this.#enter(next);
  }

  ended(well: boolean): void {
    this.#enter(this.#doing);
    this.figures.state = well ? "ended" : "failed";
  }

  #next(): "starvedMs" | "blockedMs" | "busyMs" {
    return !this.output.room ? "blockedMs" : this.#writing ? "busyMs" : "starvedMs";
  }

  #enter(next: "starvedMs" | "blockedMs" | "busyMs"): number {
    const now = this.clock.now();
    this.figures[this.#doing] += now - this.#since;
    this.#since = now;
    this.#doing = next;
    return now;
  }
}

/** The place of a latency in the histogram: its bounds double. */
function bucketOf(ms: number): number {
  return ms < 1 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log2(ms)) + 1);
}
