/**
 * Columns from literals, for tests.
 * @module
 */
import { NumberColumn, TextColumn } from "../../src/batch/column.ts";

/** A text column of cells, null for none; bytes stand for text that is not UTF-8. */
export function textColumn(cells: readonly (string | Uint8Array | null)[]): TextColumn {
  const encoder = new TextEncoder();
  const parts = cells.map((cell) => typeof cell === "string" ? encoder.encode(cell) : cell);
  const starts = new Int32Array(parts.length);
  const ends = new Int32Array(parts.length);
  // The bytes do not start at 0, as a batch's rarely do.
  let at = 3;
  parts.forEach((part, row) => {
    starts[row] = part === null ? -1 : at;
    at += part?.length ?? 0;
    ends[row] = at;
  });
  const bytes = new Uint8Array(at);
  parts.forEach((part, row) => part === null || bytes.set(part, starts[row]!));
  return new TextColumn(bytes, starts, ends);
}

/** A number column; NaN for null. */
export function numberColumn(...cells: number[]): NumberColumn {
  return new NumberColumn(Float64Array.from(cells));
}

/** The row numbers from 0 to `count` - 1. */
export function allRows(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, row) => row);
}
