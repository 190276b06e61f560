/**
 * Batches in lanes: under way, or done and not yet given.
 * @module
 */
import { Batch } from "../batch/batch.ts";
import { type PackedBatch, packRows, unpackRows } from "../batch/packed_rows.ts";
import type { Outputs } from "../stage.ts";

/** A batch, and what it gave once it is done. */
export interface Slot {
  readonly input: Batch;
  outputs: Outputs<Batch> | null;
  /** In how many lanes it has failed. */
  tries: number;
}

type Saved<What extends string> = Readonly<Record<What, readonly PackedBatch[]>>;

/** What is saved of a slot: what it gave, or what has to be done again. */
export type SavedSlot = Saved<"input"> | Saved<"outputs">;

const EMPTY = Batch.ofRows([]);

/** What was done and not given is saved as it is; what is under way, to be done again. */
export function saveSlot({ input, outputs }: Pick<Slot, "input" | "outputs">): SavedSlot {
  return outputs === null ? { input: packRows([input]) } : { outputs: packRows(outputs) };
}

/** Outputs of no batch, saved as those of one. */
export function saveOutputs(outputs: Outputs<Batch>): readonly SavedSlot[] {
  return outputs.length === 0 ? [] : [saveSlot({ input: EMPTY, outputs })];
}

/** The slots of what was saved; those without outputs are to be done. */
export function restoreSlots(saved: SavedSlot): readonly Slot[] {
  return "outputs" in saved
    ? [{ input: EMPTY, outputs: unpackRows(saved.outputs), tries: 0 }]
    : unpackRows(saved.input).map((input) => ({ input, outputs: null, tries: 0 }));
}
