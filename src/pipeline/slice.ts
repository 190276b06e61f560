/**
 * Keeping a declared queue bound to the letter.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Probe } from "./probe.ts";

/** A bounded edge is filled in about this many steps. */
const STEPS = 4;

/** The most rows of a slice, and the high-water mark, that together never let a queue hold more than `rows`. */
export function admission(rows: number): { slice: number; highWaterMark: number } {
  const slice = Math.max(1, Math.ceil(rows / STEPS));
  return { slice, highWaterMark: rows - slice + 1 };
}

/**
 * How outputs are cut for a queue whose bound is in rows: a stream admits a chunk while it is below its mark, so only
 * slices that fit above the mark keep the bound. Queues bounded in bytes take batches whole.
 */
export function sliceTo(
  next: Probe | undefined,
): { slice?: (batch: Batch) => Iterable<Batch> } {
  if (next === undefined || next.queueUnit !== "rows") return {};
  const { slice } = admission(next.queueBound);
  return { slice: (batch) => slices(batch, slice) };
}

function* slices(batch: Batch, rows: number): Generator<Batch> {
  for (let from = 0; from < batch.length; from += rows) yield batch.slice(from, from + rows);
}
