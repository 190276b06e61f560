/**
 * What a stage has done, in numbers that add up.
 * @module
 */
import { Batch } from "../batch/batch.ts";
import { BatchTimeHistogram } from "./batch_times.ts";

/** Rows and bytes that one chunk stands for; raw bytes have no rows. */
export function measure(chunk: unknown): { rows: number; bytes: number } {
  if (chunk instanceof Batch) return { rows: chunk.length, bytes: chunk.weight };
  if (chunk instanceof Uint8Array) return { rows: 0, bytes: chunk.byteLength };
  return { rows: 0, bytes: 0 };
}

/** The numbers of {@link Counts}. */
type Counted = "rowsIn" | "rowsOut" | "bytesIn" | "bytesOut" | "batchesIn" | "batchesOut";

/** What went into a stage and came out, and how long it took for a batch. */
export class Counts {
  rowsIn = 0;
  rowsOut = 0;
  bytesIn = 0;
  bytesOut = 0;
  batchesIn = 0;
  batchesOut = 0;
  readonly times: BatchTimeHistogram = new BatchTimeHistogram();

  countIn(chunk: unknown): void {
    const { rows, bytes } = measure(chunk);
    this.rowsIn += rows;
    this.bytesIn += bytes;
    this.batchesIn++;
  }

  countOut(chunk: unknown): void {
    const { rows, bytes } = measure(chunk);
    this.rowsOut += rows;
    this.bytesOut += bytes;
    this.batchesOut++;
  }

  /** Adds all but the times. */
  add(done: Readonly<Record<Counted, number>>): void {
    this.rowsIn += done.rowsIn;
    this.rowsOut += done.rowsOut;
    this.bytesIn += done.bytesIn;
    this.bytesOut += done.bytesOut;
    this.batchesIn += done.batchesIn;
    this.batchesOut += done.batchesOut;
  }

  /** Adds all of it to `other`, and begins again. */
  moveTo(other: Counts): void {
    other.add(this);
    other.times.add(this.times);
    this.clear();
  }

  /** Begins again. */
  clear(): void {
    this.rowsIn =
      this.rowsOut =
      this.bytesIn =
      this.bytesOut =
        0;
    this.batchesIn = this.batchesOut = 0;
    this.times.clear();
  }
}
