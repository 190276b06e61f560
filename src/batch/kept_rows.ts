/**
 * Rows that a stage keeps, as few bytes as can be, declared to the budget.
 * @module
 */
import type { Budget } from "../stage.ts";
import type { Batch } from "./batch.ts";
import { allRows, compact, gather } from "./gather.ts";
import { restoreBatches, saveBatches, type SavedBatch } from "./saved_batch.ts";

/** Batches of fewer rows than this are small: the objects around them outweigh their rows. */
const SMALL_ROWS = 64;
/** So many small batches in a row become one. */
const SMALL_BATCHES = 64;

/**
 * Rows in arrival order. Keeps the batches as they are where a fair part of each counts, copies where little does, and
 * joins small ones, so an upload that trickles in line by line costs no more than one that comes at once.
 */
export class KeptRows {
  #batches: Batch[] = [];
  /** What each of the batches has taken of the budget. */
  #weights: number[] = [];
  #length = 0;
  #small = 0;

  constructor(readonly budget: Budget) {}

  /** How many rows are kept. */
  get length(): number {
    return this.#length;
  }

  /** The rows as batches, in order; valid until the next change. */
  get batches(): readonly Batch[] {
    return this.#batches;
  }

  /** Adds the last `count` rows of `batch`. Throws what the budget throws. */
  add(batch: Batch, count: number = batch.length): void {
    const rows = batch.slice(batch.length - count, batch.length);
    if (rows.length === 0) return;
    this.#append(rows, batch.weight);
    this.#small = rows.length < SMALL_ROWS ? this.#small + 1 : 0;
    if (this.#small === SMALL_BATCHES) this.#join();
  }

  /** Forgets all but the last `count` rows. */
  keepLast(count: number): void {
    let first = 0;
    let excess = this.#length - count;
    if (excess <= 0) return;
    for (; first < this.#batches.length && excess >= this.#batches[first]!.length; first++) {
      excess -= this.#batches[first]!.length;
      this.budget.take(-this.#weights[first]!);
    }
    this.#batches.splice(0, first);
    this.#weights.splice(0, first);
    this.#small = Math.min(this.#small, this.#batches.length);
    this.#length = count;
    if (excess > 0) this.#trimFirst(excess);
  }

  /** All rows, copied, for {@link KeptRows.restore}. */
  save(): readonly SavedBatch[] {
    return saveBatches(this.#batches);
  }

  /** Adds saved rows. Throws what the budget throws. */
  restore(state: readonly SavedBatch[]): void {
    for (const batch of restoreBatches(state)) this.add(batch);
  }

  /** Forgets everything and gives back what was taken. */
  clear(): void {
    for (const weight of this.#weights) this.budget.take(-weight);
    this.#batches = [];
    this.#weights = [];
    this.#length = 0;
    this.#small = 0;
  }

  /** `weight` is what the rows keep alive when they are not copied. */
  #append(rows: Batch, weight: number): void {
    const kept = compact(rows);
    const taken = kept === rows ? weight : kept.weight;
    this.budget.take(taken);
    this.#batches.push(kept);
    this.#weights.push(taken);
    this.#length += rows.length;
  }

  #trimFirst(excess: number): void {
    const rest = this.#batches[0]!.slice(excess, this.#batches[0]!.length);
    const kept = compact(rest);
    if (kept !== rest) {
      this.budget.take(kept.weight - this.#weights[0]!);
      this.#weights[0] = kept.weight;
    }
    this.#batches[0] = kept;
  }

  #join(): void {
    const batches = this.#batches.splice(-this.#small);
    for (const weight of this.#weights.splice(-this.#small)) this.budget.take(-weight);
    this.#small = 0;
    for (const batch of batches) this.#length -= batch.length;
    for (const batch of gather(allRows(batches), true)) this.#append(batch, batch.weight);
  }
}
