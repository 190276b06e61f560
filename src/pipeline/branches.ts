/**
 * Branches: several operators over the same rows.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { ConstantColumn } from "../batch/column.ts";
import { NOTHING, type Operator, type Outputs } from "../stage.ts";

const BRANCH_ONLY = new Set(["$branch"]);

type Branch = Operator<Batch, Batch>;

/**
 * All `branches` as one operator: each gets every batch, its rows carry its 1-based number as the field `$branch`. Waits
 * for the slowest; done when all are. A snapshot holds what those branches give that can give one, if any can.
 */
export class Branches implements Branch {
  readonly snapshot?: () => Iterable<Batch>;
  readonly take?: () => Promise<Outputs<Batch>>;

  constructor(readonly branches: readonly Branch[]) {
    if (branches.some((branch) => branch.take !== undefined)) {
      this.take = async () =>
        tagAll(await settled(branches.map((branch) => branch.take?.() ?? NOTHING)));
    }
    if (branches.every((branch) => branch.snapshot === undefined)) return;
    this.snapshot = () => concatenated(branches, (branch) => branch.snapshot?.() ?? NOTHING);
  }

  get done(): boolean {
    return this.branches.every((branch) => branch.done);
  }

  push(batch: Batch): Outputs<Batch> | Promise<Outputs<Batch>> {
    const results = this.branches.map((branch) => branch.done ? NOTHING : branch.push(batch));
    return results.every(isReady) ? tagAll(results) : settled(results).then(tagAll);
  }

  finish(): Iterable<Batch> & AsyncIterable<Batch> {
    const { branches } = this;
    return {
      [Symbol.iterator]: () => concatenated(branches, (branch) => branch.finish?.() ?? NOTHING),
      async *[Symbol.asyncIterator]() {
        for (const [index, branch] of branches.entries()) {
          for await (const batch of branch.finish?.() ?? NOTHING) yield tagged(batch, index);
        }
      },
    };
  }

  dispose(): void {
    const faults: unknown[] = [];
    for (const branch of this.branches) {
      try {
        branch.dispose?.();
      } catch (fault) {
        faults.push(fault);
      }
    }
    if (faults.length > 0) throw faults[0];
  }
}

function isReady(result: Outputs<Batch> | Promise<Outputs<Batch>>): result is Outputs<Batch> {
  return !(result instanceof Promise);
}

function tagged(batch: Batch, index: number): Batch {
  return batch.without(BRANCH_ONLY).with("$branch", new ConstantColumn(index + 1));
}

function tagAll(results: readonly Outputs<Batch>[]): Outputs<Batch> {
  return results.flatMap((outputs, index) => outputs.map((batch) => tagged(batch, index)));
}

function* concatenated(
  branches: readonly Branch[],
  restOf: (branch: Branch) => Iterable<Batch> | AsyncIterable<Batch>,
): Generator<Batch> {
  for (const [index, branch] of branches.entries()) {
    const rest = restOf(branch);
    if (!(Symbol.iterator in rest)) {
      throw new Error("Cannot read a branch at once whose stages wait");
    }
    for (const batch of rest) yield tagged(batch, index);
  }
}

/** All results once none is under way any more, or the first failure. */
async function settled(
  results: readonly (Outputs<Batch> | Promise<Outputs<Batch>>)[],
): Promise<readonly Outputs<Batch>[]> {
  const all = await Promise.allSettled(results);
  return all.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}
