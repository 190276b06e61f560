/**
 * Rejects as rows: a branch for what could not go the way of all others.
 * @module
 */
import { Batch } from "../batch/batch.ts";
import { ConstantColumn } from "../batch/column.ts";
import { restoreOperator, saveOperator } from "./chain.ts";
import type { Reject } from "../reject.ts";
import { NOTHING, type Operator, type Outputs, type RejectSource } from "../stage.ts";

const MARK = "$dead_letter";
const MARK_ONLY: ReadonlySet<string> = new Set([MARK]);
const TRUE = new ConstantColumn(true);
/** About what a reject takes as a row, besides its text. */
const ROW_BYTES = 256;

type Branch = Operator<Batch, Batch>;

interface DeadLetterState {
  readonly rejects: readonly Reject[];
  readonly branch: unknown;
}

/**
 * Passes every batch on as it is, and besides what `branch` gives for the rejects that `source` has, each row with the
 * field `$dead_letter`, true. Rejects go in as soon as the stage is called, before the batch that comes with the call.
 */
export class DeadLetter implements Branch {
  /** Rejects that were taken and saved; they come before those that still wait. */
  #saved: readonly Reject[] = [];

  constructor(readonly source: RejectSource, readonly branch: Branch) {}

  push(batch: Batch): Outputs<Batch> | Promise<Outputs<Batch>> {
    const letters = this.#letters();
    if (letters === NOTHING) return [batch];
    return letters instanceof Promise
      ? letters.then((ready) => [...ready, batch])
      : [...letters, batch];
  }

  async take(): Promise<Outputs<Batch>> {
    const letters = await this.#letters();
    const more = await this.branch.take?.() ?? NOTHING;
    return [...letters, ...more.map(marked)];
  }

  finish(): Iterable<Batch> & AsyncIterable<Batch> {
    return {
      [Symbol.iterator]: () => this.#finishNow(),
      [Symbol.asyncIterator]: () => this.#finishWaiting(),
    };
  }

  save(): DeadLetterState {
    this.#saved = [...this.#saved, ...this.source.take()];
    return { rejects: this.#saved, branch: saveOperator(this.branch) };
  }

  restore(state: unknown): void {
    const { rejects, branch } = state as DeadLetterState;
    this.#saved = rejects;
    restoreOperator(this.branch, branch);
  }

  dispose(): void {
    this.source.take();
    this.branch.dispose?.();
  }

  /** What the branch gives now for what waits. */
  #letters(): Outputs<Batch> | Promise<Outputs<Batch>> {
    const rejects = [...this.#saved, ...this.source.take()];
    this.#saved = [];
    if (rejects.length === 0 || this.branch.done) return NOTHING;
    const outputs = this.branch.push(rowsOf(rejects));
    return outputs instanceof Promise
      ? outputs.then((ready) => ready.map(marked))
      : outputs.map(marked);
  }

  *#finishNow(): Generator<Batch> {
    const letters = this.#letters();
    const rest = this.branch.finish?.() ?? NOTHING;
    if (letters instanceof Promise || !(Symbol.iterator in rest)) {
      throw new Error("Cannot read a branch at once whose stages wait");
    }
    yield* letters;
    for (const batch of rest) yield marked(batch);
  }

  async *#finishWaiting(): AsyncGenerator<Batch> {
    yield* await this.#letters();
    for await (const batch of this.branch.finish?.() ?? NOTHING) yield marked(batch);
  }
}

function marked(batch: Batch): Batch {
  return batch.without(MARK_ONLY).with(MARK, TRUE);
}

function rowsOf(rejects: readonly Reject[]): Batch {
  return Batch.ofRows(rejects.map((reject) => ({ ...reject })), rejects.length * ROW_BYTES);
}
