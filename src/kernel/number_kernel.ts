/**
 * The numbers of a column of text, most of them read in WebAssembly: the same bits as `textNumber` gives.
 * @module
 */
import { borrow } from "../batch/chunk_memory.ts";
import type { TextColumn } from "../batch/column.ts";
import { textNumber } from "../expression/text_number.ts";
import { type ColumnMemory, columnMemory, newColumnMemory } from "./column_memory.ts";

/** Fewer cells than this are read one by one. */
const LEAST_CELLS = 16;
/** With fewer than one row in so many asked for, a column is not read as a whole. */
const SPARSE = 4;

let chosen: NumberKernel | null | undefined;

/**
 * The number that each cell of `column` spells, NaN where it spells none; read once a column, which keeps them: 8 bytes a
 * row. By the kernel, on the memory that the thread's kernels share; where it is missing, its twin reads all.
 */
export function textNumbers(column: TextColumn): Float64Array {
  if (chosen === undefined) chosen = numberKernel(columnMemory());
  return column.numbers ??= chosen === null ? twinNumbers(column) : chosen.read(column);
}

/**
 * As {@link textNumbers}, but the column does not keep what is read: it may be a view of the kernels' memory, good until one of
 * them is called for another column. For what adds the numbers up at once, since memory for each batch costs more than that.
 */
export function passingNumbers(column: TextColumn): Float64Array {
  if (chosen === undefined) chosen = numberKernel(columnMemory());
  if (column.numbers !== null || chosen === null) return textNumbers(column);
  return chosen.view(column) ?? textNumbers(column);
}

/** As {@link textNumbers}; null where only `count` of many rows are asked for, which are then better read one by one. */
export function textNumbersOf(column: TextColumn, count: number): Float64Array | null {
  return isSparse(column, count) ? null : textNumbers(column);
}

/** Whether so few of a column's rows are asked for that they are better read one by one. */
export function isSparse(column: TextColumn, count: number): boolean {
  return column.numbers === null && count * SPARSE < column.starts.length;
}

/** The numbers as TypeScript reads them; tells the column whether all of its cells spell one. */
export function twinNumbers(column: TextColumn): Float64Array {
  const numbers = new Float64Array(column.starts.length);
  column.onlyNumbers = true;
  for (let row = 0; row < numbers.length; row++) numbers[row] = spelled(column, row);
  return numbers;
}

function spelled(column: TextColumn, row: number): number {
  const number = textNumber(column, row);
  if (number !== number && column.starts[row]! >= 0) column.onlyNumbers = false;
  return number;
}

/** The kernel on a memory, or one of its own; null where it cannot run. */
export function numberKernel(memory = newColumnMemory()): NumberKernel | null {
  return memory === null ? null : new NumberKernel(memory);
}

/** Reads columns in a memory, where their numbers stay until the next are read. */
export class NumberKernel {
  readonly #memory: ColumnMemory;
  readonly #state: Int32Array;

  constructor(memory: ColumnMemory) {
    this.#memory = memory;
    this.#state = memory.int32(memory.exports.STATE, 1);
  }

  /** The numbers of a column, as {@link twinNumbers}. */
  read(column: TextColumn): Float64Array {
    const view = this.view(column);
    if (view === null) return twinNumbers(column);
    const numbers = new Float64Array(borrow(column.bytes, view.byteLength), 0, view.length);
    numbers.set(view);
    return numbers;
  }

  /** As {@link NumberKernel.read}, where they lie in memory; null for a column of too few or too many cells. */
  view(column: TextColumn): Float64Array | null {
    const { exports, values, left, valuesOf } = this.#memory;
    const count = column.starts.length;
    if (count < LEAST_CELLS || count > values.length) return null;
    const view = values.subarray(0, count);
    if (valuesOf === column) return view;
    // Cells outside of the input are left.
    const { starts, ends, base, length } = this.#memory.place(column);
    const rest = exports.read(count, starts, ends, base, length);
    column.onlyNumbers = this.#state[0] === 0;
    for (let index = 0; index < rest; index++) {
      const row = left[index]!;
      values[row] = spelled(column, row);
    }
    this.#memory.valuesOf = column;
    return view;
  }
}
