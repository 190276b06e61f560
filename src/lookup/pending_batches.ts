/**
 * Batches whose rows wait for answers, given on in the order in which they came.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { NOTHING, type Outputs, type StageContext } from "../stage.ts";

/** A batch that waits. */
export interface PendingBatch {
  readonly batch: Batch;
  /** How many answers are missing. */
  missing: number;
}

/** No more batches wait than this, whatever they weigh. */
const MOST_BATCHES = 1024;

/**
 * A queue of batches. It is full when as many answers are missing as can be asked for at once, or when the batches weigh
 * as much as an edge may hold; what it holds is declared to the budget.
 */
export class PendingBatches<Pending extends PendingBatch> {
  #queue: Pending[] = [];
  #missing = 0;
  #weight = 0;
  #fault: { readonly reason: unknown } | null = null;
  #change = Promise.withResolvers<void>();

  /** `done` makes the output of a batch whose answers are all there. */
  constructor(
    readonly context: StageContext,
    readonly mostMissing: number,
    readonly done: (pending: Pending) => Batch,
  ) {}

  /** Whether nothing waits. */
  get empty(): boolean {
    return this.#queue.length === 0;
  }

  /** Whether no more should be added before something is ready. */
  get full(): boolean {
    return this.#missing >= this.mostMissing || this.#queue.length >= MOST_BATCHES ||
      this.#weight >= this.context.limits.edgeBytes;
  }

  /** The batches that wait, in order. */
  get batches(): readonly Batch[] {
    return this.#queue.map(({ batch }) => batch);
  }

  /** Adds a batch behind the others. Throws what the budget throws. */
  add(pending: Pending): void {
    const { weight } = pending.batch;
    this.context.budget.take(weight);
    this.#weight += weight;
    this.#missing += pending.missing;
    this.#queue.push(pending);
  }

  /** One answer of a batch that was added is there. */
  settle(pending: Pending): void {
    pending.missing--;
    this.#missing--;
    if (this.#queue[0]?.missing === 0) this.#tell();
    else this.nudge();
  }

  /** Something has failed for all: `take` and `ready` throw that from now on. */
  fail(reason: unknown): void {
    this.#fault ??= { reason };
    this.#tell();
  }

  /** The batches at the front that are complete; throws a failure. */
  take(): Outputs<Batch> {
    if (this.#fault !== null) throw this.#fault.reason;
    const end = this.#queue.findIndex(({ missing }) => missing > 0);
    const ready = this.#queue.splice(0, end < 0 ? this.#queue.length : end);
    if (ready.length === 0) return NOTHING;
    return ready.map((pending) => {
      this.#release(pending.batch.weight);
      return this.done(pending);
    });
  }

  /** Resolves when `take` has something, or throws. */
  async ready(): Promise<void> {
    while (!this.#takeable) await this.#change.promise;
  }

  /** Resolves when there is room for more, or `take` has something, or throws. */
  async room(): Promise<void> {
    while (this.full && !this.#takeable) await this.#change.promise;
  }

  /** Resolves at the next change, whatever it is. */
  changed(): Promise<void> {
    return this.#change.promise;
  }

  get #takeable(): boolean {
    return this.#fault !== null || this.#queue[0]?.missing === 0;
  }

  /** Tells of a change: whoever waits looks again. */
  nudge(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  /** Gives the budget back. */
  dispose(): void {
    this.#queue = [];
    this.#release(this.#weight);
  }

  #release(weight: number): void {
    this.#weight -= weight;
    this.context.budget.take(-weight);
  }

  #tell(): void {
    this.nudge();
    this.context.wake();
  }
}
