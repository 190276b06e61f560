/**
 * Reading the cells of any column as numbers, as aggregates over numbers do.
 * @module
 */
import type { Column, TextColumn } from "../batch/column.ts";
import { decodeText } from "../batch/text.ts";
import { parseNumber, toNumber } from "../expression/values.ts";

const POWERS_OF_TEN = Float64Array.from({ length: 16 }, (_, power) => Number(`1e${power}`));
const MINUS = 0x2d;
const POINT = 0x2e;
const NINE = 0x39;

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
    case "boolean":
      for (let index = 0; index < count; index++) into[index] = column.values[rows[index]!]!;
      return;
    case "time":
      into.fill(NaN, 0, count);
      return;
    case "text":
      for (let index = 0; index < count; index++) into[index] = textNumber(column, rows[index]!);
      return;
    default:
      for (let index = 0; index < count; index++) {
        {
          const value = column.value(rows[index]!);
          into[index] = typeof value === "boolean" ? Number(value) : toNumber(value);
        }
      }
  }
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

/** The number that a cell of text spells, NaN when it spells none. Whole numbers and plain decimals make no string. */
export function textNumber(column: TextColumn, row: number): number {
  const { bytes } = column;
  const start = column.starts[row]!;
  const end = column.ends[row]!;
  if (start < 0 || start === end || isLetter(bytes[start]!)) return NaN;
  const negative = bytes[start] === MINUS;
  let at = negative ? start + 1 : start;
  // Up to 15 digits over a power of ten to 15 are exact in 64 bits (Clinger 1990), so one division rounds rightly.
  if (end - at > 16 || at === end) return parseNumber(decodeText(bytes, start, end));
  let digits = 0;
  let point = -1;
  for (; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit >= 0 && digit <= 9) digits = digits * 10 + digit;
    else if (bytes[at] === POINT && point < 0) point = at;
    else return parseNumber(decodeText(bytes, start, end));
  }
  const span = end - start - Number(negative) - Number(point >= 0);
  if (span === 0 || span > 15) return parseNumber(decodeText(bytes, start, end));
  const magnitude = point < 0 ? digits : digits / POWERS_OF_TEN[end - point - 1]!;
  return negative ? 0 - magnitude : magnitude;
}

/** Whether no number starts with the byte: most text that is none is told by that alone. */
function isLetter(byte: number): boolean {
  return byte > NINE && byte < 0x80;
}

/** The number that the text spells, or the text itself. */
export function numberOrText(text: string): number | string {
  const value = parseNumber(text);
  return value === value ? value : text;
}

/** An array for {@link readNumbers} that is used again by every batch. */
export class NumberScratch {
  #values = new Float64Array(0);

  /** At least `count` numbers, whatever they are. */
  room(count: number): Float64Array {
    if (this.#values.length < count) this.#values = new Float64Array(count);
    return this.#values;
  }
}
