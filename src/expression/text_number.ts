/**
 * The numbers that cells of text spell, without a string in between where it can be.
 * @module
 */
import type { TextColumn } from "../batch/column.ts";
import { decodeText } from "../batch/text.ts";
import { parseNumber } from "./values.ts";

const POWERS_OF_TEN = Float64Array.from({ length: 16 }, (_, power) => Number(`1e${power}`));
const MINUS = 0x2d;
const POINT = 0x2e;
const NINE = 0x39;

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
