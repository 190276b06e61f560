/**
 * The instants that a column of text spells in ISO 8601, most of them read in WebAssembly: what `parseInstant` gives.
 * @module
 */
import type { TextColumn } from "../batch/column.ts";
import { parseInstant } from "../expression/instant.ts";
import { type ColumnMemory, columnMemory, newColumnMemory } from "./column_memory.ts";
import { isSparse } from "./number_kernel.ts";

/** Fewer cells than this are read one by one. */
const LEAST_CELLS = 16;

let chosen: InstantKernel | null | undefined;

/**
 * The instants of all cells of `column`, in milliseconds since 1970, NaN for none; null where cells are better read one by one: where
 * only `count` of many rows are asked for, of more than fit, and without WebAssembly or its SIMD. A view, good until a kernel of columns is called.
 */
export function textInstants(column: TextColumn, count: number): Float64Array | null {
  if (chosen === undefined) chosen = instantKernel(columnMemory());
  return chosen === null || isSparse(column, count) ? null : chosen.view(column);
}

/** The kernel on a memory, or one of its own; null where it cannot run. */
export function instantKernel(memory = newColumnMemory()): InstantKernel | null {
  return memory === null ? null : new InstantKernel(memory);
}

/** Reads columns in a memory, where their instants stay until one of its kernels is called again. */
export class InstantKernel {
  readonly #memory: ColumnMemory;

  constructor(memory: ColumnMemory) {
    this.#memory = memory;
  }

  /** The instants of all cells; null for a column of too few or too many. */
  view(column: TextColumn): Float64Array | null {
    const { exports, values, left } = this.#memory;
    const count = column.starts.length;
    if (count < LEAST_CELLS || count > values.length) return null;
    const { starts, ends, base, length } = this.#memory.place(column);
    this.#memory.valuesOf = null;
    const rest = exports.instants(count, starts, ends, base, length);
    for (let index = 0; index < rest; index++) {
      const row = left[index]!;
      const text = column.value(row);
      values[row] = text === null ? NaN : parseInstant(text);
    }
    return values.subarray(0, count);
  }
}
