/**
 * The first rows of an order, kept in memory for those alone.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Column, Value } from "../batch/column.ts";
import { gather, type PickedRows, weigh } from "../batch/gather.ts";
import { restoreBatches, saveBatch, type SavedBatch } from "../batch/saved_batch.ts";
import type { Budget } from "../stage.ts";
import { compareKey, type RowOrder } from "./order.ts";

/** Rows that may wait to be sorted out, beyond as many as are wanted. */
const SPARE_ROWS = 256;
/** What the bookkeeping of a row takes. */
const CANDIDATE_BYTES = 64;

interface Candidate {
  readonly keys: readonly Value[];
  readonly arrival: number;
  batch: Batch;
  row: number;
}

/**
 * The first `count` rows of `order` among those added; ties go by arrival. Rows that may still win are copied out of
 * their batches, so no batch stays alive. Adding n rows costs n comparisons with the last winner, and O(log) more for
 * those that beat it.
 */
export class TopRows {
  #candidates: Candidate[] = [];
  /** The winners at the last sorting that came last: who does not beat it is out. */
  #worst: Candidate | null = null;
  #arrived = 0;
  /** The copies that candidates, past and present, are rows of. */
  #copies: Batch[] = [];
  #taken = 0;

  constructor(readonly count: number, readonly order: RowOrder, readonly budget: Budget) {}

  /** The most rows that are held for `count` winners. */
  static mostRows(count: number): number {
    return 2 * count + 2 * SPARE_ROWS;
  }

  /** Adds the rows of `batch` that count. Throws what the budget throws. */
  add(batch: Batch): void {
    const columns = this.order.columns(batch);
    for (let index = 0; index < batch.length; index++) {
      const row = batch.rowAt(index);
      const arrival = this.#arrived++;
      if (this.#worst !== null && !this.#beats(columns, row, this.#worst)) continue;
      this.#candidates.push({
        keys: columns.map((column) => column.value(row)),
        arrival,
        batch,
        row,
      });
      if (this.#candidates.length >= 2 * this.count + SPARE_ROWS) this.#sort();
    }
    if (this.#candidates.length > this.count) this.#sort();
    this.#copyFrom(batch);
  }

  /** The winners so far, in order. */
  sorted(): Iterable<Batch> {
    return gather(
      pick(this.#candidates.toSorted((left, right) => this.#compare(left, right))),
      false,
    );
  }

  /** The rows that may still win, in arrival order, for {@link TopRows.restore}. */
  save(): readonly SavedBatch[] {
    const arrived = this.#candidates.toSorted((left, right) => left.arrival - right.arrival);
    return [...gather(pick(arrived), true)].map(saveBatch);
  }

  /** Adds saved rows; their keys are evaluated again. Throws what the budget throws. */
  restore(state: readonly SavedBatch[]): void {
    for (const batch of restoreBatches(state)) this.add(batch);
  }

  /** Forgets everything and gives back what was taken. */
  clear(): void {
    this.#candidates = [];
    this.#copies = [];
    this.#declare();
  }

  #beats(columns: readonly Column[], row: number, worst: Candidate): boolean {
    for (let key = 0; key < columns.length; key++) {
      const sign = this.order.signs[key]!;
      const column = columns[key]!;
      const bound = worst.keys[key]!;
      if (column.kind === "number" && typeof bound === "number") {
        const value = column.values[row]!;
        if (value === bound) continue;
        return sign * (value - bound) < 0;
      }
      const order = compareKey(column.value(row), bound, sign);
      if (order !== 0) return order < 0;
    }
    return false;
  }

  #compare(left: Candidate, right: Candidate): number {
    for (let key = 0; key < left.keys.length; key++) {
      const order = compareKey(left.keys[key]!, right.keys[key]!, this.order.signs[key]!);
      if (order !== 0) return order;
    }
    return left.arrival - right.arrival;
  }

  #sort(): void {
    this.#candidates.sort((left, right) => this.#compare(left, right));
    this.#candidates.length = this.count;
    this.#worst = this.#candidates.at(-1) ?? null;
  }

  /** Copies the candidates out of `batch`, and all of them afresh when most of what was copied has been beaten. */
  #copyFrom(batch: Batch): void {
    const entered = this.#candidates.filter((candidate) => candidate.batch === batch);
    if (entered.length === 0) return;
    this.#copy(entered);
    const held = this.#copies.reduce((rows, copy) => rows + copy.rows, 0);
    const batches = SPARE_ROWS + this.count / 16;
    if (held >= 2 * this.count + SPARE_ROWS || this.#copies.length >= batches) {
      this.#copies = [];
      this.#copy(this.#candidates);
    }
    this.#declare();
  }

  #copy(candidates: readonly Candidate[]): void {
    let at = 0;
    for (const copy of gather(pick(candidates), true)) {
      this.#copies.push(copy);
      for (let row = 0; row < copy.rows; row++, at++) {
        candidates[at]!.batch = copy;
        candidates[at]!.row = row;
      }
    }
  }

  #declare(): void {
    let bytes = 0;
    for (const copy of this.#copies) bytes += copy.weight;
    for (const { keys } of this.#candidates) {
      bytes += keys.reduce((sum: number, key) => sum + weigh(key), CANDIDATE_BYTES);
    }
    const more = bytes - this.#taken;
    this.#taken = bytes;
    this.budget.take(more);
  }
}

function pick(candidates: readonly Candidate[]): PickedRows {
  const numbers = new Map<Batch, number>();
  const from = new Uint32Array(candidates.length);
  candidates.forEach(({ batch }, index) => {
    const number = numbers.get(batch) ?? numbers.size;
    numbers.set(batch, number);
    from[index] = number;
  });
  const rows = Uint32Array.from(candidates, (candidate) => candidate.row);
  return { batches: [...numbers.keys()], from, rows };
}
