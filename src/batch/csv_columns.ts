/**
 * The columns of separated values: views of the block's bytes, made when asked for.
 * @module
 */
import { Batch } from "./batch.ts";
import { type Column, NULL_COLUMN, TextColumn } from "./column.ts";
import type { RecordScan } from "./csv_scan.ts";

/** Bytes of a place: where a field starts and where it ends. */
const PLACE_BYTES = 8;

/**
 * The rows of a scan as text columns: the `slots` are the names of the fields that were found, in their order. An empty
 * field is null, an empty quoted one is empty text. Only a column with doubled quotes is a copy. Keeps the block's bytes,
 * of which `length` are the rows', and 8 bytes a row and column.
 */
export function recordBatch(
  bytes: Uint8Array,
  scan: RecordScan,
  slots: ReadonlyMap<string, number>,
  quote: number,
  length: number,
): Batch {
  const { starts, ends, doubled, rows } = scan;
  const make = (name: string, few: Uint32Array | null): Column => {
    const slot = slots.get(name);
    if (slot === undefined) return NULL_COLUMN;
    const column = new TextColumn(bytes, taken(starts[slot]!, few), taken(ends[slot]!, few));
    return doubled[slot] ? undoubled(column, quote) : column;
  };
  return Batch.lazy(
    rows,
    [...slots.keys()],
    (name) => make(name, null),
    length + slots.size * rows * PLACE_BYTES,
    (few) => (name) => make(name, few),
  );
}

function taken(places: Int32Array, few: Uint32Array | null): Int32Array {
  if (few === null) return places;
  const some = new Int32Array(few.length);
  for (let index = 0; index < few.length; index++) some[index] = places[few[index]!]!;
  return some;
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
