/**
 * A lane: one instance of a nested pipeline, what it is doing, and how it has fared.
 * @module
 */
import type { Attempt } from "../attempt.ts";
import type { Batch } from "../batch/batch.ts";
import { restoreOperator, saveOperator } from "../pipeline/chain.ts";
import { type Steps, stepsOf } from "../pipeline/steps.ts";
import type { Clock } from "../resources.ts";
import { NOTHING, type Operator, type Outputs } from "../stage.ts";

/** How much of the average the last batch is. */
const SHARE = 0.2;
/** The first pause of a lane that was taken out, and the longest. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/**
 * One instance of the pipeline; its calls never overlap. What it tells of a batch is certain when {@link Lane.through} is
 * called, so that a batch that is done again elsewhere counts once.
 */
export class Lane {
  #attempt: Attempt;
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
    readonly make: () => Attempt,
    readonly clock: Clock,
  ) {
    this.#attempt = make();
    this.#begin();
  }

  get operator(): Operator<Batch, Batch> {
    return this.#attempt.operator;
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
    this.#taking = this.#take(this.operator.take()).finally(() => this.#taking = null);
    return this.#taking;
  }

  /** Resolves when nothing is under way inside; null when nothing is. */
  settled(): Promise<unknown> | null {
    return this.#taking;
  }

  /** The batch that was pushed is done. Throws what the run's policy for rejects throws. */
  through(): void {
    this.#attempt.told.commit();
  }

  /** What it finishes with, which nobody does again. */
  *finish(): Steps<Batch> {
    this.#attempt.told.open();
    try {
      yield* stepsOf(this.operator.finish?.() ?? NOTHING);
    } finally {
      this.through();
    }
  }

  /** Its state; null while it has a batch that is saved as input, since what it would save then is of that. */
  save(): unknown {
    return this.pushing && this.operator.take === undefined ? null : saveOperator(this.operator);
  }

  /** Goes on where another lane was saved. */
  restore(state: unknown): void {
    this.#attempt.told.bring(() => restoreOperator(this.operator, state));
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
    this.dispose();
    this.#attempt = this.make();
    this.#begin();
  }

  /** Whatever is under way in it comes to nothing. */
  dispose(): void {
    this.#attempt.told.close();
    this.operator.dispose?.();
  }

  /** Where stages hold rows of several batches, what they tell belongs to none, and no batch is done again. */
  #begin(): void {
    if (this.operator.take !== undefined) this.#attempt.told.open();
  }

  async #take(ready: Outputs<Batch> | Promise<Outputs<Batch>>): Promise<Outputs<Batch>> {
    const outputs = await ready;
    this.through();
    return outputs;
  }
}
