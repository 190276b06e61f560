/**
 * Observing a stage: what is counted and timed of it and of its queue, which it does not know of.
 * @module
 */
import type { BelowFigures } from "../stage.ts";
import { RejectTally } from "../reject.ts";
import { Counts, measure } from "./counts.ts";
import { type Facts, NO_FACTS } from "./facts.ts";
import type { StageFigures, StageReport } from "./report.ts";

type Activity = "busy" | "starved" | "blocked";

/** The measure of a queue: what its bound counts. */
export type QueueUnit = "rows" | "bytes";

/**
 * The figures of one stage while it runs. Time is split at each change of activity, so the three sum up to the stage's
 * life. Costs a few clock reads a batch, nothing a row.
 */
export class Probe {
  readonly rejects = new RejectTally();
  readonly counts: Counts = new Counts();
  /** Made by the first fact. */
  facts: Facts | null = null;
  #begun = 0;
  #depth = 0;
  #highWater = 0;
  #activity: Activity = "starved";
  #since: number;
  readonly #times = { busy: 0, starved: 0, blocked: 0 };
  #closed = false;

  constructor(
    readonly stage: string,
    readonly index: number,
    readonly queueUnit: QueueUnit = "bytes",
    readonly queueBound: number = 0,
    /** By the clock of `performance`. */
    madeAt: number = performance.now(),
  ) {
    this.#since = madeAt;
  }

  #enter(activity: Activity, now: number = performance.now()): void {
    if (this.#closed) return;
    this.#times[this.#activity] += now - this.#since;
    this.#since = now;
    this.#activity = activity;
  }

  /** A chunk joins the input queue. Gives its size in the queue's unit: this is the strategy's `size`. */
  queued(chunk: unknown): number {
    const size = measure(chunk)[this.queueUnit];
    this.#depth += size;
    if (this.#depth > this.#highWater) this.#highWater = this.#depth;
    if (this.#activity === "starved") this.#enter("blocked");
    return size;
  }

  /** A chunk leaves the input queue. */
  taken(chunk: unknown): void {
    this.#depth -= measure(chunk)[this.queueUnit];
  }

  /** The stage begins to work. */
  working(): void {
    this.#enter("busy");
    this.#begun = this.#since;
  }

  /** The stage has nothing more to do with what it was given. */
  resting(): void {
    this.#enter(this.#depth > 0 ? "blocked" : "starved");
  }

  /** The stage has done a batch, whose time is one of `counts`. */
  worked(counts: Counts = this.counts): void {
    this.resting();
    counts.times.record(this.#since - this.#begun);
  }

  /** The stage has output and waits for room below. */
  waiting(): void {
    this.#enter("blocked");
  }

  /** Adds what the same stage did elsewhere, its batches as of equal length: its work there is time that it did not wait for here. */
  add(done: StageFigures): void {
    this.#enter(this.#activity);
    this.counts.add(done);
    this.rejects.addAll(done.rejectsByClass);
    this.counts.times.record(done.busyMs / Math.max(1, done.batchesIn), done.batchesIn);
    this.#times.busy += done.busyMs;
    const starved = Math.min(this.#times.starved, done.busyMs);
    this.#times.starved -= starved;
    this.#times.blocked = Math.max(0, this.#times.blocked - (done.busyMs - starved));
  }

  /** What the stage above may know. */
  figures(): BelowFigures {
    const { times } = this.counts;
    return {
      batches: times.count,
      batchMs: times.sumMs,
      rejects: this.rejects.total,
      quantileMs: (quantile) => times.quantile(quantile),
    };
  }

  /** Stops the clock, which shows `now`. */
  close(now?: number): void {
    if (this.#closed) return;
    this.#enter(this.#activity, now);
    this.#closed = true;
  }

  /** The figures now. */
  report(): StageReport {
    if (!this.#closed) this.#enter(this.#activity);
    const { counts } = this;
    return {
      stage: this.stage,
      index: this.index,
      rowsIn: counts.rowsIn,
      rowsOut: counts.rowsOut,
      bytesIn: counts.bytesIn,
      bytesOut: counts.bytesOut,
      batchesIn: counts.batchesIn,
      batchesOut: counts.batchesOut,
      busyMs: round(this.#times.busy),
      starvedMs: round(this.#times.starved),
      blockedMs: round(this.#times.blocked),
      queueHighWater: this.#highWater,
      queueBound: this.queueBound,
      queueUnit: this.queueUnit,
      queueDepth: this.#depth,
      rejects: this.rejects.total,
      rejectsByClass: this.rejects.report(),
      batchTimes: counts.times.report(),
      facts: this.facts?.report() ?? NO_FACTS,
    };
  }
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
