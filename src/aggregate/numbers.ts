/**
 * Reading the cells of any column as numbers, as aggregates over numbers do.
 * @module
 */
import type { Column } from "../batch/column.ts";
import { textNumber } from "../expression/text_number.ts";
import { parseNumber, toNumber } from "../expression/values.ts";
import { textNumbersOf } from "../kernel/number_kernel.ts";

/**
 * Writes the numbers of the physical rows `rows[index]`, `index < count`, to `into[index]`: numbers as they are, true
 * as 1 and false as 0, text that spells a number (`-1.5e3`) as that number, and NaN for all else.
 */
export function readNumbers(
  column: Column,
  rows: Uint32Array,
  count: number,
  into: Float64Array,
): void {
  switch (column.kind) {
    case "number":
      return gather(column.values, rows, count, into);
    case "boolean":
      for (let index = 0; index < count; index++) into[index] = column.values[rows[index]!]!;
      return;
    case "time":
      into.fill(NaN, 0, count);
      return;
    case "text": {
      const numbers = textNumbersOf(column, count);
      if (numbers !== null) return gather(numbers, rows, count, into);
      for (let index = 0; index < count; index++) into[index] = textNumber(column, rows[index]!);
      return;
    }
    default:
      for (let index = 0; index < count; index++) {
        {
          const value = column.value(rows[index]!);
          into[index] = typeof value === "boolean" ? Number(value) : toNumber(value);
        }
      }
  }
}

/** A loop of its own: what else {@link readNumbers} meets does not make it slower. */
function gather(values: Float64Array, rows: Uint32Array, count: number, into: Float64Array): void {
  for (let index = 0; index < count; index++) into[index] = values[rows[index]!]!;
}

/** As {@link readNumbers}, for instants: their milliseconds since 1970, and NaN for all else. */
export function readTimes(
  column: Column,
  rows: Uint32Array,
  count: number,
  into: Float64Array,
): void {
  for (let index = 0; index < count; index++) {
    const row = rows[index]!;
    if (column.kind === "time") into[index] = column.values[row]!;
    else {
      const value = column.kind === "value" || column.kind === "constant" ? column.value(row) : 0;
      into[index] = value instanceof Date ? value.getTime() : NaN;
    }
  }
}

/** The number that the text spells, or the text itself. */
export function numberOrText(text: string): number | string {
  const value = parseNumber(text);
  return value === value ? value : text;
}

/** The numbers that the column has already, a row each; null when it has none or few are asked for. */
function readyNumbers(column: Column, count: number): Float64Array | null {
  if (column.kind === "number") return column.values;
  return column.kind === "text" ? textNumbersOf(column, count) : null;
}

/** An array for {@link readNumbers} that is used again by every batch. */
export class NumberScratch {
  #values = new Float64Array(0);

  /** What {@link readNumbers} writes; good until the next call, and not to be changed, as it may be the column's own. */
  read(column: Column, rows: Uint32Array, count: number): Float64Array {
    const ready = readyNumbers(column, count);
    // Rows ascend, so as many rows as cells are all of them.
    if (ready !== null && ready.length === count) return ready;
    const numbers = this.room(count);
    readNumbers(column, rows, count, numbers);
    return numbers;
  }

  /** At least `count` numbers, whatever they are. */
  room(count: number): Float64Array {
    if (this.#values.length < count) this.#values = new Float64Array(count);
    return this.#values;
  }
}
