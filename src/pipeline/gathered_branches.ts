/**
 * Branches whose rows are put together once all have ended: one after the other, or joined by key.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { KeptRows } from "../batch/kept_rows.ts";
import type { SavedBatch } from "../batch/saved_batch.ts";
import type { Budget } from "../stage.ts";
import { NOTHING, type Operator, type Outputs } from "../stage.ts";
import { UNCOUNTED } from "./budget.ts";
import { atOnce, type Branch, Branches, markBranch } from "./branches.ts";

/** What puts rows of branches together. */
export interface Gathering {
  /** Takes rows of a branch; gives those that can go on now. */
  add(batch: Batch, branch: number): Outputs<Batch>;
  /** All that was held, in order. */
  all(): Iterable<Batch>;
  /** Gives back what was declared. */
  clear(): void;
  /** Another one with nothing in it but what this one holds, for a look: it counts nowhere, and shares the rows. */
  copy(): Gathering;
  /** What is held, as plain data. */
  save(): unknown;
  /** Holds what another one did; it holds nothing yet. */
  restore(state: unknown): void;
}

/**
 * The rows of all branches put together: the first branch's as they arise and then those of the others branch by branch
 * (`concat`), or all at the end (`join`). Holds what waits, declared to the budget.
 */
export class GatheredBranches implements Operator<Batch, Batch> {
  readonly snapshot?: () => Iterable<Batch>;
  readonly take?: () => Promise<Outputs<Batch>>;
  readonly #inner: Branches;

  constructor(readonly branches: readonly Branch[], readonly gathering: Gathering) {
    // Marks tell the branches apart on the way out of the inner operator.
    this.#inner = new Branches(branches, { mark: markBranch });
    if (this.#inner.take) this.take = async () => this.#add(await this.#inner.take!());
    if (this.#inner.snapshot) this.snapshot = () => this.#preview();
  }

  get done(): boolean {
    return this.#inner.done;
  }

  get full(): boolean {
    return this.#inner.full;
  }

  push(batch: Batch): Outputs<Batch> | Promise<Outputs<Batch>> {
    const outputs = this.#inner.push(batch);
    return outputs instanceof Promise
      ? outputs.then((ready) => this.#add(ready))
      : this.#add(outputs);
  }

  finish(): Iterable<Batch> & AsyncIterable<Batch> {
    const { gathering } = this;
    const inner = this.#inner.finish();
    return {
      *[Symbol.iterator]() {
        for (const batch of inner) yield* gathering.add(batch, branchOf(batch));
        yield* gathering.all();
      },
      async *[Symbol.asyncIterator]() {
        for await (const batch of inner) yield* gathering.add(batch, branchOf(batch));
        yield* gathering.all();
      },
    };
  }

  save(): readonly unknown[] {
    return [this.#inner.save(), this.gathering.save()];
  }

  restore(state: unknown): void {
    const [inner, gathering] = state as readonly unknown[];
    this.#inner.restore(inner);
    this.gathering.restore(gathering);
  }

  dispose(): void {
    this.gathering.clear();
    this.#inner.dispose();
  }

  #add(outputs: Outputs<Batch>): Outputs<Batch> {
    if (outputs.length === 0) return NOTHING;
    return outputs.flatMap((batch) => this.gathering.add(batch, branchOf(batch)));
  }

  *#preview(): Generator<Batch> {
    const copy = this.gathering.copy();
    for (const batch of atOnce(this.#inner.snapshot!())) yield* copy.add(batch, branchOf(batch));
    yield* copy.all();
  }
}

function branchOf(batch: Batch): number {
  return Number(batch.column("$branch")!.value(0)) - 1;
}

/** One branch behind the other; rows stay marked with their branch. */
export class Concatenation implements Gathering {
  readonly #kept: readonly KeptRows[];

  constructor(readonly count: number, readonly budget: Budget) {
    this.#kept = Array.from({ length: count }, () => new KeptRows(budget));
  }

  add(batch: Batch, branch: number): Outputs<Batch> {
    if (branch === 0) return [batch];
    this.#kept[branch]!.add(batch);
    return NOTHING;
  }

  *all(): Generator<Batch> {
    for (const kept of this.#kept) yield* kept.batches;
  }

  clear(): void {
    for (const kept of this.#kept) kept.clear();
  }

  save(): readonly (readonly SavedBatch[])[] {
    return this.#kept.map((kept) => kept.save());
  }

  restore(state: unknown): void {
    const saved = state as readonly (readonly SavedBatch[])[];
    this.#kept.forEach((kept, branch) => kept.restore(saved[branch]!));
  }

  copy(): Concatenation {
    const copy = new Concatenation(this.count, UNCOUNTED);
    this.#kept.forEach((kept, branch) => {
      for (const batch of kept.batches) copy.#kept[branch]!.add(batch);
    });
    return copy;
  }
}
