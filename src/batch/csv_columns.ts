/**
 * The columns of separated values: views of the block's bytes, made when asked for.
 * @module
 */
import { Batch } from "./batch.ts";
import { NULL_COLUMN, TextColumn } from "./column.ts";
import type { Dialect, RecordScan } from "./csv_scan.ts";

/**
 * The rows of a scan with these field names, all text. An empty field is null, an empty quoted one is empty text. Only
 * a column with doubled quotes is a copy. Keeps the block's bytes and the tape.
 */
export function recordBatch(
  bytes: Uint8Array,
  scan: RecordScan,
  names: readonly string[],
  places: ReadonlyMap<string, number>,
  dialect: Dialect,
  length: number,
): Batch {
  const { tape, rows, doubled } = scan;
  const stride = names.length + 1;
  const maker = (from: Int32Array, count: number) => (name: string) => {
    const place = places.get(name);
    if (place === undefined) return NULL_COLUMN;
    return fieldColumn(bytes, from, count, stride, place, dialect.quote, doubled);
  };
  return Batch.lazy(rows, names, maker(tape, rows), length + tape.byteLength, (some) => {
    const few = new Int32Array(some.length * stride);
    for (let index = 0; index < some.length; index++) {
      const from = some[index]! * stride;
      for (let slot = 0; slot < stride; slot++) few[index * stride + slot] = tape[from + slot]!;
    }
    return maker(few, some.length);
  });
}

/** The place of each name. */
export function placesOf(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, index) => [name, index]));
}

function fieldColumn(
  bytes: Uint8Array,
  tape: Int32Array,
  rows: number,
  stride: number,
  place: number,
  quote: number,
  doubled: boolean,
): TextColumn {
  const starts = new Int32Array(rows);
  const ends = new Int32Array(rows);
  const skip = place === 0 ? 0 : 1;
  let copied = false;
  for (let row = 0, at = place; row < rows; row++, at += stride) {
    let start = tape[at]! + skip;
    let end = tape[at + 1]!;
    if (start === end) start = -1;
    else if (bytes[start] === quote) {
      start++;
      end--;
      copied ||= doubled && quoteWithin(bytes, start, end, quote);
    }
    starts[row] = start;
    ends[row] = end;
  }
  const column = new TextColumn(bytes, starts, ends);
  return copied ? undoubled(column, quote) : column;
}

function quoteWithin(bytes: Uint8Array, start: number, end: number, quote: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === quote) return true;
  return false;
}

/** A copy in which each doubled quote of a quoted field is one. */
function undoubled({ bytes, starts, ends }: TextColumn, quote: number): TextColumn {
  const rows = starts.length;
  let size = 0;
  for (let row = 0; row < rows; row++) if (starts[row]! >= 0) size += ends[row]! - starts[row]!;
  const copy = new Uint8Array(size);
  const from = new Int32Array(rows);
  const to = new Int32Array(rows);
  let filled = 0;
  for (let row = 0; row < rows; row++) {
    const start = starts[row]!;
    from[row] = start < 0 ? -1 : filled;
    if (start >= 0) {
      // An unquoted field keeps the quotes within it as they are; only quoted ones have a quote before their start.
      const quoted = start > 0 && bytes[start - 1] === quote;
      for (let at = start; at < ends[row]!; at++) {
        const byte = bytes[at]!;
        copy[filled++] = byte;
        if (quoted && byte === quote) at++;
      }
    }
    to[row] = filled;
  }
  return new TextColumn(copy, from, to);
}
