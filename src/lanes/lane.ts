/**
 * A lane: one instance of a nested pipeline, what it is doing, and how it has fared.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Clock } from "../resources.ts";
import type { Operator, Outputs } from "../stage.ts";

/** How much of the average the last batch is. */
const SHARE = 0.2;
/** The first pause of a lane that was taken out, and the longest. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/** One instance of the pipeline; its calls never overlap. */
export class Lane {
  operator: Operator<Batch, Batch>;
  /** A push is under way. */
  pushing = false;
  /** All time in pushes, in milliseconds. */
  busyMs = 0;
  /** Moving average of the time of a batch; null before the first. */
  latencyMs: number | null = null;
  /** Batches done since it was made or came back. */
  batches = 0;
  /** For choosing in turn by weight. */
  credit = 0;
  #faults = 0;
  #outUntil = -Infinity;
  #out = false;
  #taking: Promise<Outputs<Batch>> | null = null;

  constructor(
    readonly index: number,
    readonly make: () => Operator<Batch, Batch>,
    readonly clock: Clock,
  ) {
    this.operator = make();
  }

  /** Taken out, and not yet back. */
  get out(): boolean {
    return this.#out;
  }

  /** When a lane that is out may be tried again. */
  get outUntil(): number {
    return this.#outUntil;
  }

  /** Runs a batch, behind whatever the lane is doing. */
  push(batch: Batch): Outputs<Batch> | Promise<Outputs<Batch>> {
    return this.#taking === null
      ? this.operator.push(batch)
      : this.#taking.then(() => this.operator.push(batch));
  }

  /** What is ready inside, unless a push is under way; null then, and when there is nothing that could be. */
  take(): Promise<Outputs<Batch>> | null {
    if (this.pushing || this.#taking !== null || this.operator.take === undefined) return null;
    this.#taking = Promise.resolve(this.operator.take()).finally(() => this.#taking = null);
    return this.#taking;
  }

  /** Resolves when nothing is under way inside; null when nothing is. */
  settled(): Promise<unknown> | null {
    return this.#taking;
  }

  /** A batch took so long. */
  record(milliseconds: number): void {
    this.batches++;
    this.busyMs += milliseconds;
    this.latencyMs = this.latencyMs === null
      ? milliseconds
      : this.latencyMs + SHARE * (milliseconds - this.latencyMs);
  }

  /** Takes the lane out for a pause that doubles each time in a row; gives the pause. */
  takeOut(): number {
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#faults++);
    this.#outUntil = this.clock.now() + pauseMs;
    this.#out = true;
    return pauseMs;
  }

  /** It has done a batch again. */
  comeBack(): void {
    this.#out = false;
    this.batches = 0;
    this.latencyMs = null;
  }

  /** It has stayed well for so long that its faults are forgotten. */
  forgive(): void {
    this.#faults = 0;
  }

  /** Another instance in place of one that failed. */
  renew(): void {
    this.operator.dispose?.();
    this.operator = this.make();
  }
}
