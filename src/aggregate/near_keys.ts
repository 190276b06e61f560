/**
 * A group table's use of the keys that its thread keeps near.
 * @module
 */
import type { TextColumn } from "../batch/column.ts";
import { type KeyKernel, nearKeys } from "../kernel/key_kernel.ts";

/** A batch of fewer rows is not worth a call of the kernel. */
const LEAST_ROWS = 32;
/** When the kernel knows less than half of the keys of so many rows, it is not asked again. */
const TRIAL_ROWS = 32_768;

let users = 0;

/** Groups of keys seen before, for one table. Where most keys are new or long, it costs more than it saves, and stops. */
export class NearKeys {
  /** Tells the users of a kernel apart. */
  readonly #number = ++users;
  #kernel: KeyKernel | null;
  /** Rows that the kernel was asked for in this trial, and those of them that it did not know. */
  #tried = 0;
  #unknown = 0;

  constructor(kernel: KeyKernel | null = nearKeys()) {
    this.#kernel = kernel;
  }

  /**
   * The group of each cell `rows[index]`, `index < count`, asking `find` for those that are not known, in the kernel's memory:
   * good until it is asked again, for whichever table. Null, with nothing done, where the table is to find them all.
   */
  assign(
    column: TextColumn,
    rows: Uint32Array,
    count: number,
    find: (row: number) => number,
  ): Int32Array | null {
    const kernel = this.#kernel;
    if (kernel === null || count < LEAST_ROWS) return null;
    const asked = kernel.assign(this.#number, column, rows, count, find);
    if (asked < 0) return null;
    this.#tried += count;
    this.#unknown += asked;
    if (this.#tried >= TRIAL_ROWS) {
      if (this.#unknown * 2 > this.#tried) this.#kernel = null;
      this.#tried = 0;
      this.#unknown = 0;
    }
    return kernel.groups;
  }
}
