/**
 * A group table's nearest keys, in WebAssembly: the groups of a column of short texts that have been seen before.
 * @module
 */
import type { TextColumn } from "../batch/column.ts";
import { type ColumnMemory, columnMemory, newColumnMemory } from "./column_memory.ts";

/** Longer keys are not kept. */
const MOST_KEY_BYTES = 32;

let chosen: KeyKernel | null | undefined;

/**
 * The keys that all group tables of a thread share, one at a time, in the memory that its kernels share; null where
 * WebAssembly or its SIMD is missing.
 */
export function nearKeys(): KeyKernel | null {
  if (chosen === undefined) chosen = keyKernel(columnMemory());
  return chosen;
}

/** The kernel on a memory, or one of its own; null where it cannot run. */
export function keyKernel(memory = newColumnMemory()): KeyKernel | null {
  return memory === null ? null : new KeyKernel(memory);
}

/**
 * Groups of up to 8,192 keys of at most 32 bytes. It serves one table: for another it first forgets what it knows, which
 * costs nothing, and learns again what that table's next batch holds.
 */
export class KeyKernel {
  readonly #memory: ColumnMemory;
  #owner = 0;

  constructor(memory: ColumnMemory) {
    this.#memory = memory;
  }

  /** What was found last: in the kernel's memory, until anything else is looked for or added up there. */
  get groups(): Int32Array {
    return this.#memory.groups;
  }

  /**
   * Finds the group of the cell `rows[index]`, `index < count`, in the table whose number is `owner`, and leaves it in
   * {@link KeyKernel.groups}. What is not known is asked of `find`, which must give a key the same group each time. Gives how
   * often it was asked; -1, and nothing is done, when there are too many rows. `find` must not come back here.
   */
  assign(
    owner: number,
    column: TextColumn,
    rows: Uint32Array,
    count: number,
    find: (row: number) => number,
  ): number {
    const { exports, groups: found } = this.#memory;
    if (count > found.length) return -1;
    if (owner !== this.#owner) exports.forget();
    this.#owner = owner;
    const { starts, ends, base, length } = this.#memory.placeRows(column, rows, count);
    // Keys that may not lie in the input as a whole are not known.
    const limit = base + length < column.bytes.length ? length - MOST_KEY_BYTES : length;
    let asked = 0;
    let nullGroup = -1;
    for (let index = 0;; index++) {
      index = exports.look(index, count, starts, ends, base, limit, nullGroup);
      if (index >= count) break;
      const row = rows[index]!;
      const group = find(row);
      const [start, end] = [column.starts[row]!, column.ends[row]!];
      asked++;
      if (start < 0) nullGroup = group;
      else exports.remember(start - base, end - base, length, group);
      found[index] = group;
    }
    return asked;
  }
}
