/**
 * Rows that many sessions keep: each in the batch that it came in, together in one pool.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { gather } from "../batch/gather.ts";
import type { Budget } from "../stage.ts";

/** A row's batch, number, time and place in the order of arrival, in an object of a set. */
const ROW_BYTES = 120;
/** Below so many rows kept of a batch on average, rows are copied together. */
const FEW_ROWS = 64;
const FIRST_CHECK = 64;

interface PooledRow {
  batch: PooledBatch;
  row: number;
  readonly time: number;
  readonly order: number;
}

interface PooledBatch {
  readonly batch: Batch;
  readonly weight: number;
  live: number;
}

/** A row in a {@link RowPool}. */
export type RowHandle = PooledRow;

/**
 * Keeps a batch for as long as one of its rows is kept. When the batches have doubled and few rows are left in most, all
 * rows are copied into new ones: so it holds the rows, some hundred bytes each, and at most some 64 batches.
 */
export class RowPool {
  readonly #rows = new Set<PooledRow>();
  readonly #batches = new Set<PooledBatch>();
  #order = 0;
  #check = FIRST_CHECK;

  constructor(readonly budget: Budget) {}

  /** Opens a batch for rows to be kept of it; see {@link RowPool.settle}. */
  open(batch: Batch): PooledBatch {
    return { batch, weight: batch.weight, live: 0 };
  }

  /** Keeps a physical row of an open batch. Throws what the budget throws. */
  keep(batch: PooledBatch, row: number, time: number): RowHandle {
    if (!this.#batches.has(batch)) {
      this.#batches.add(batch);
      this.budget.take(batch.weight);
    }
    const kept = { batch, row, time, order: this.#order++ };
    batch.live++;
    this.#rows.add(kept);
    this.budget.take(ROW_BYTES);
    return kept;
  }

  /** Lets rows go. */
  release(rows: readonly RowHandle[]): void {
    this.budget.take(-ROW_BYTES * rows.length);
    for (const kept of rows) {
      this.#rows.delete(kept);
      if (--kept.batch.live === 0) this.#drop(kept.batch);
    }
  }

  /** The rows in the order of time, those of one time as they came. Columns are made when they are asked for. */
  *inOrder(rows: readonly RowHandle[]): Generator<Batch> {
    yield* gathered(sorted(rows), false);
  }

  /** Copies rows together when that frees much. To be called between batches. */
  settle(): void {
    if (this.#batches.size < this.#check) return;
    let held = 0;
    for (const { batch } of this.#batches) held += batch.length;
    const few = this.#rows.size < FEW_ROWS * this.#batches.size || this.#rows.size * 4 < held;
    if (few) this.#copy();
    this.#check = Math.max(FIRST_CHECK, 2 * this.#batches.size);
  }

  /** Lets everything go. */
  clear(): void {
    this.release([...this.#rows]);
  }

  #copy(): void {
    const rows = [...this.#rows];
    const copies = [...gathered(rows, true)];
    for (const batch of [...this.#batches]) this.#drop(batch);
    let at = 0;
    for (const batch of copies) {
      const pooled = { batch, weight: batch.weight, live: batch.rows };
      this.#batches.add(pooled);
      this.budget.take(pooled.weight);
      for (let row = 0; row < batch.rows; row++) {
        const kept = rows[at++]!;
        kept.batch = pooled;
        kept.row = row;
      }
    }
  }

  #drop(batch: PooledBatch): void {
    this.#batches.delete(batch);
    this.budget.take(-batch.weight);
  }
}

/** The rows in the order of time, those of one time as they came. */
export function sorted(rows: readonly RowHandle[]): RowHandle[] {
  return rows.toSorted((left, right) => left.time - right.time || left.order - right.order);
}

function gathered(rows: readonly RowHandle[], copy: boolean): Generator<Batch> {
  const numbers = new Map<PooledBatch, number>();
  const from = new Uint32Array(rows.length);
  const numbersOfRows = new Uint32Array(rows.length);
  rows.forEach(({ batch, row }, index) => {
    const known = numbers.get(batch) ?? numbers.size;
    numbers.set(batch, known);
    from[index] = known;
    numbersOfRows[index] = row;
  });
  const batches = Array.from(numbers.keys(), ({ batch }) => batch);
  return gather({ batches, from, rows: numbersOfRows }, copy);
}
