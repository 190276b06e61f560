/**
 * The answers of many small windows, as few batches.
 * @module
 */
import { Batch } from "../batch/batch.ts";
import { allRows, gather } from "../batch/gather.ts";
import type { Steps } from "../pipeline/steps.ts";

/** A batch of fewer rows costs more on its way than its rows do. */
const SMALL_ROWS = 64;
const MOST_BATCHES = 256;
/** Fewer than this are not worth a copy. */
const FEWEST_BATCHES = 4;

/** The same rows in the same order, runs of small batches copied into one. Holds at most 256 small batches; none while it waits. */
export function* joined(steps: Steps<Batch>): Steps<Batch> {
  const small: Batch[] = [];
  for (const step of steps) {
    const isSmall = step instanceof Batch && step.length < SMALL_ROWS;
    if (isSmall) small.push(step);
    if (!isSmall || small.length === MOST_BATCHES) yield* together(small.splice(0));
    if (!isSmall) yield step;
  }
  yield* together(small);
}

function together(small: readonly Batch[]): Iterable<Batch> {
  return small.length < FEWEST_BATCHES ? small : gather(allRows(small), true);
}
