/**
 * Snapshots: what the result would be if the upload ended now, taken without disturbing the run.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { AssembledStage, StageServices } from "./assemble.ts";
import { RunBudget } from "./budget.ts";
import { snapshotThrough } from "./chain.ts";

/** Where in a plan snapshots are taken: the first stage that can tell what it would finish with; -1 when none can. */
export function snapshotPoint(stages: readonly AssembledStage[]): number {
  return stages.findIndex((stage) => stage.operator.snapshot !== undefined);
}

/**
 * The rows of a snapshot: those of the stage at `point`, sent through fresh instances of the stages below it. Pulled
 * to its end without a pause, it is consistent: no input is worked on in between. Costs what the stages below cost on
 * the rows of the moment, with a budget of their own.
 */
export function snapshotRows(
  stages: readonly AssembledStage[],
  point: number,
  services: StageServices,
): Iterable<Batch> {
  const own: StageServices = {
    ...services,
    budget: new RunBudget(services.limits.maxStateBytes),
    reject: () => {},
    lines: () => {},
    notice: () => {},
    event: () => {},
  };
  const makers = stages.slice(point + 1).map((stage) => () => stage.fresh(own));
  return snapshotThrough(stages[point]!.operator, makers);
}
