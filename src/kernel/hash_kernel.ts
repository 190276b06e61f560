/**
 * The hashes of a column of text, made in WebAssembly: the same bits as `ValueHasher` gives.
 * @module
 */
import { TEXT_SEEDS, ValueHasher } from "../aggregate/value_hash.ts";
import type { TextColumn } from "../batch/column.ts";
import { type ColumnMemory, columnMemory, newColumnMemory } from "./column_memory.ts";
import { isSparse } from "./number_kernel.ts";

/** Fewer cells than this are hashed one by one. */
const LEAST_CELLS = 16;

let chosen: HashKernel | null | undefined;

/** The kernel, on the memory that the thread's kernels share; null where WebAssembly or its SIMD is missing. */
export function sharedHash(): HashKernel | null {
  if (chosen === undefined) chosen = hashKernel(columnMemory());
  return chosen;
}

/** The kernel on a memory, or one of its own; null where it cannot run. */
export function hashKernel(memory = newColumnMemory()): HashKernel | null {
  return memory === null ? null : new HashKernel(memory);
}

/** Hashes columns in a memory, where the hashes stay until one of its kernels is called again. */
export class HashKernel {
  readonly #memory: ColumnMemory;
  readonly #halves: Int32Array;
  readonly #hasher = new ValueHasher(() => {});

  constructor(memory: ColumnMemory) {
    this.#memory = memory;
    this.#halves = memory.int32(memory.exports.VALUES, 2 * memory.exports.MOST_CELLS.value);
  }

  /**
   * Two halves for each of the first `count` of `rows`, one hash after the other, whatever they are for nulls; null where cells are
   * better hashed one by one: of few of a column's rows, and of more than fit.
   */
  hashes(column: TextColumn, rows: Uint32Array, count: number): Int32Array | null {
    const { exports, left } = this.#memory;
    if (count < LEAST_CELLS || 2 * count > this.#halves.length) return null;
    if (isSparse(column, count)) return null;
    const { starts, ends, base, length } = this.#memory.placeRows(column, rows, count);
    this.#memory.valuesOf = null;
    const rest = exports.hash(count, starts, ends, base, length, ...TEXT_SEEDS);
    for (let index = 0; index < rest; index++) {
      const cell = left[index]!;
      if (column.starts[rows[cell]!]! < 0) continue;
      this.#hasher.cell(column, rows[cell]!);
      this.#halves[2 * cell] = this.#hasher.first;
      this.#halves[2 * cell + 1] = this.#hasher.second;
    }
    if (rest > 0) this.#hasher.release();
    return this.#halves;
  }
}
