/**
 * Branches: several operators over the same rows, or each over its share of them.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { ConstantColumn } from "../batch/column.ts";
import { NOTHING, type Operator, type Outputs } from "../stage.ts";
import { disposeAll, restoreOperator, saveOperator } from "./chain.ts";

const BRANCH_ONLY = new Set(["$branch"]);

/** One of several pipelines behind the same stage. */
export type Branch = Operator<Batch, Batch>;

/** What a branch gives at once, or later. */
type Result = Outputs<Batch> | Promise<Outputs<Batch>>;

/** How rows get into branches, and out of them. */
export interface Fan {
  /** What each branch gets of a batch, null for nothing; without it each gets all. */
  split?(batch: Batch): readonly (Batch | null)[];
  /** What becomes of a batch that the branch of this index gives; without it, it goes on as it is. */
  mark?(batch: Batch, branch: number): Batch;
  /** What splitting remembers, and how it is told again. */
  save?(): unknown;
  restore?(state: unknown): void;
}

/** Marks each row with the 1-based number of its branch, as the field `$branch`. */
export function markBranch(batch: Batch, branch: number): Batch {
  return batch.without(BRANCH_ONLY).with("$branch", new ConstantColumn(branch + 1));
}

interface BranchesState {
  readonly branches: readonly unknown[];
  readonly fan: unknown;
}

/**
 * All `branches` as one operator. Waits for the slowest; done when all are. Their rows come as they arise, and what comes
 * at the end branch by branch. A snapshot holds what those branches give that can give one, if any can.
 */
export class Branches implements Branch {
  readonly snapshot?: () => Iterable<Batch>;
  readonly take?: () => Promise<Outputs<Batch>>;

  constructor(readonly branches: readonly Branch[], readonly fan: Fan = {}) {
    if (branches.some((branch) => branch.take !== undefined)) this.take = () => this.#takeAll();
    if (branches.every((branch) => branch.snapshot === undefined)) return;
    this.snapshot = () => this.#rest((branch) => branch.snapshot?.() ?? NOTHING);
  }

  get done(): boolean {
    return this.branches.every((branch) => branch.done);
  }

  get full(): boolean {
    return this.branches.some((branch) => branch.full && !branch.done);
  }

  push(batch: Batch): Outputs<Batch> | Promise<Outputs<Batch>> {
    const shares = this.fan.split?.(batch);
    const results = this.#each((branch, index) => {
      const share = shares === undefined ? batch : shares[index]!;
      return share === null || branch.done ? NOTHING : branch.push(share);
    });
    return results.every(isReady)
      ? this.#marked(results)
      : settled(results).then((ready) => this.#marked(ready));
  }

  finish(): Iterable<Batch> & AsyncIterable<Batch> {
    const { branches, fan } = this;
    return {
      [Symbol.iterator]: () => this.#rest((branch) => branch.finish?.() ?? NOTHING),
      async *[Symbol.asyncIterator]() {
        for (const [index, branch] of branches.entries()) {
          for await (const batch of branch.finish?.() ?? NOTHING) {
            yield fan.mark?.(batch, index) ?? batch;
          }
        }
      },
    };
  }

  save(): BranchesState {
    return { branches: this.branches.map(saveOperator), fan: saveOperator(this.fan) };
  }

  restore(state: unknown): void {
    const { branches, fan } = state as BranchesState;
    this.branches.forEach((branch, index) => restoreOperator(branch, branches[index]));
    restoreOperator(this.fan, fan);
  }

  dispose(): void {
    disposeAll(this.branches);
  }

  async #takeAll(): Promise<Outputs<Batch>> {
    const ready = await settled(this.#each((branch) => branch.take?.() ?? NOTHING));
    return this.#marked(ready);
  }

  /**
   * What `work` gives for each branch. Where one throws while others are under way, the failure is among the results: it
   * must not be told before these are over, since whoever hears of it disposes of them.
   */
  #each(work: (branch: Branch, index: number) => Result): readonly Result[] {
    const results: Result[] = [];
    try {
      for (const [index, branch] of this.branches.entries()) results.push(work(branch, index));
    } catch (fault) {
      if (results.every(isReady)) throw fault;
      results.push(Promise.reject(fault));
    }
    return results;
  }

  #marked(results: readonly Outputs<Batch>[]): Outputs<Batch> {
    const { fan } = this;
    return results.flatMap((outputs, index) =>
      outputs.map((batch) => fan.mark?.(batch, index) ?? batch)
    );
  }

  *#rest(restOf: (branch: Branch) => Iterable<Batch> | AsyncIterable<Batch>): Generator<Batch> {
    for (const [index, branch] of this.branches.entries()) {
      for (const batch of atOnce(restOf(branch))) yield this.fan.mark?.(batch, index) ?? batch;
    }
  }
}

/** `rest`, if it can be read without waiting. */
export function atOnce(rest: Iterable<Batch> | AsyncIterable<Batch>): Iterable<Batch> {
  if (Symbol.iterator in rest) return rest;
  throw new Error("Cannot read a branch at once whose stages wait");
}

function isReady(result: Result): result is Outputs<Batch> {
  return !(result instanceof Promise);
}

/** All results once none is under way any more, or the first failure. */
async function settled(results: readonly Result[]): Promise<readonly Outputs<Batch>[]> {
  const all = await Promise.allSettled(results);
  return all.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}
