/**
 * Observing a stage: what is counted and timed of it and of its queue, which it does not know of.
 * @module
 */
import { BatchTimeHistogram } from "./batch_times.ts";
import { Batch } from "../batch/batch.ts";
import type { BelowFigures, StageContext } from "../stage.ts";
import { RejectTally } from "../reject.ts";
import type { StageFigures, StageReport } from "./report.ts";

type Activity = "busy" | "starved" | "blocked";

/** Rows in and out, bytes in and out, batches in and out. */
type Counts = [number, number, number, number, number, number];

const NOTHING_COUNTED: Counts = [0, 0, 0, 0, 0, 0];
const NO_FACTS: StageReport["facts"] = Object.freeze({});

/** The measure of a queue: what its bound counts. */
export type QueueUnit = "rows" | "bytes";

/** Rows and bytes that one chunk stands for; raw bytes have no rows. */
export function measure(chunk: unknown): { rows: number; bytes: number } {
  if (chunk instanceof Batch) return { rows: chunk.length, bytes: chunk.weight };
  if (chunk instanceof Uint8Array) return { rows: 0, bytes: chunk.byteLength };
  return { rows: 0, bytes: 0 };
}

/**
 * The figures of one stage while it runs. Time is split at each change of activity, so the three sum up to the stage's
 * life. Costs a few clock reads a batch, nothing a row.
 */
export class Probe {
  readonly rejects = new RejectTally();
  #facts: Map<string, number | string> | null = null;
  #rowsIn = 0;
  #rowsOut = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #batchesIn = 0;
  #batchesOut = 0;
  readonly #batchTimes = new BatchTimeHistogram();
  #begun = 0;
  #depth = 0;
  #highWater = 0;
  #activity: Activity = "starved";
  #since: number;
  readonly #times = { busy: 0, starved: 0, blocked: 0 };
  #closed = false;
  #marked: Counts = NOTHING_COUNTED;
  #markedFacts: ReadonlyMap<string, number | string> | null = null;

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

  /**
   * How one instance of the stage tells of itself, by name: the counts of all instances add up, of texts and levels the
   * latest holds.
   */
  teller(): StageContext["fact"] {
    let counted: Map<string, number> | null = null;
    return (name, value, level) => {
      this.#facts ??= new Map();
      if (typeof value === "string" || level !== undefined) {
        return void this.#facts.set(name, value);
      }
      counted ??= new Map();
      const before = Number(this.#facts.get(name) ?? 0);
      this.#facts.set(name, before + value - (counted.get(name) ?? 0));
      counted.set(name, value);
    };
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

  /** The stage has done a batch. */
  worked(): void {
    this.resting();
    this.#batchTimes.record(this.#since - this.#begun);
  }

  /** The stage has output and waits for room below. */
  waiting(): void {
    this.#enter("blocked");
  }

  countIn(chunk: unknown): void {
    const { rows, bytes } = measure(chunk);
    this.#rowsIn += rows;
    this.#bytesIn += bytes;
    this.#batchesIn++;
  }

  countOut(chunk: unknown): void {
    const { rows, bytes } = measure(chunk);
    this.#rowsOut += rows;
    this.#bytesOut += bytes;
    this.#batchesOut++;
  }

  /** Adds what the same stage did elsewhere, its batches as of equal length: its work there is time that it did not wait for here. */
  add(done: StageFigures): void {
    this.#enter(this.#activity);
    this.#rowsIn += done.rowsIn;
    this.#rowsOut += done.rowsOut;
    this.#bytesIn += done.bytesIn;
    this.#bytesOut += done.bytesOut;
    this.#batchesIn += done.batchesIn;
    this.#batchesOut += done.batchesOut;
    this.rejects.addAll(done.rejectsByClass);
    this.#batchTimes.record(done.busyMs / Math.max(1, done.batchesIn), done.batchesIn);
    this.#times.busy += done.busyMs;
    const starved = Math.min(this.#times.starved, done.busyMs);
    this.#times.starved -= starved;
    this.#times.blocked = Math.max(0, this.#times.blocked - (done.busyMs - starved));
  }

  /** What the stage above may know. */
  figures(): BelowFigures {
    const times = this.#batchTimes;
    return {
      batches: times.count,
      batchMs: times.sumMs,
      rejects: this.rejects.total,
      quantileMs: (quantile) => times.quantile(quantile),
    };
  }

  /** Remembers what has been counted and told. */
  mark(): void {
    this.#markedFacts = this.#facts && new Map(this.#facts);
    this.#marked = [
      this.#rowsIn,
      this.#rowsOut,
      this.#bytesIn,
      this.#bytesOut,
      this.#batchesIn,
      this.#batchesOut,
    ];
  }

  /** Forgets what has been counted and told since {@link Probe.mark}: the stage did it again, or for nothing. */
  rewind(): void {
    this.#facts = this.#markedFacts && new Map(this.#markedFacts);
    [
      this.#rowsIn,
      this.#rowsOut,
      this.#bytesIn,
      this.#bytesOut,
      this.#batchesIn,
      this.#batchesOut,
    ] = this.#marked;
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
    return {
      stage: this.stage,
      index: this.index,
      rowsIn: this.#rowsIn,
      rowsOut: this.#rowsOut,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      batchesIn: this.#batchesIn,
      batchesOut: this.#batchesOut,
      busyMs: round(this.#times.busy),
      starvedMs: round(this.#times.starved),
      blockedMs: round(this.#times.blocked),
      queueHighWater: this.#highWater,
      queueBound: this.queueBound,
      queueUnit: this.queueUnit,
      queueDepth: this.#depth,
      rejects: this.rejects.total,
      rejectsByClass: this.rejects.report(),
      batchTimes: this.#batchTimes.report(),
      facts: this.#facts === null ? NO_FACTS : Object.fromEntries(this.#facts),
    };
  }
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}

/** The probes of stages inside the stage at `path`, as places are named when a plan is assembled. */
export function nestedIn(probes: ReadonlyMap<string, Probe>, path: string): readonly Probe[] {
  return [...probes].filter(([other]) => other.startsWith(`${path}/`)).map(([, probe]) => probe);
}
