/**
 * Columns out of lines of pairs of which only the places of some values are known.
 * @module
 */
import { Batch } from "./batch.ts";
import {
  type Column,
  NULL_COLUMN,
  type Row,
  TextColumn,
  type Value,
  ValueColumn,
} from "./column.ts";
import { property } from "./objects.ts";
import { BARE, NO_VALUE, type PairScan } from "./pair_scan.ts";
import { decodeText } from "./text.ts";

const PLACE_BYTES = 8;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The rows of a scan with these keys as columns: text where every value is, else any values. `whole` has the rows that the
 * scan left, by number. Keeps the block's bytes, of which `length` are the rows', and 8 bytes a row and key.
 */
export function pairBatch(
  bytes: Uint8Array,
  scan: PairScan,
  keys: readonly string[],
  whole: ReadonlyMap<number, Row>,
  length: number,
): Batch {
  const make = (name: string, few: Uint32Array | null): Column => {
    const key = keys.indexOf(name);
    if (key < 0) return NULL_COLUMN;
    const count = few?.length ?? scan.rows;
    const [starts, ends] = [scan.starts[key]!, scan.ends[key]!];
    if (whole.size === 0 && !scan.bare[key] && (!scan.wide[key] || isUtf8(bytes, starts, ends))) {
      if (few === null) return new TextColumn(bytes, starts, ends);
      const pick = (places: Int32Array) => Int32Array.from(few, (row) => places[row]!);
      return new TextColumn(bytes, pick(starts), pick(ends));
    }
    return new ValueColumn(Array.from({ length: count }, (_, index): Value => {
      const row = few === null ? index : few[index]!;
      const parsed = whole.get(row);
      if (parsed !== undefined) return property(parsed, name) ?? null;
      const start = starts[row]!;
      if (start === BARE) return true;
      return start === NO_VALUE ? null : decodeText(bytes, start, ends[row]!);
    }));
  };
  return Batch.lazy(
    scan.rows,
    keys,
    (name) => make(name, null),
    length + keys.length * scan.rows * PLACE_BYTES,
    (few) => (name) => make(name, few),
  );
}

/** Whether the bytes that a text column would compare are those of the texts that it would show. */
function isUtf8(bytes: Uint8Array, starts: Int32Array, ends: Int32Array): boolean {
  try {
    for (let row = 0; row < starts.length; row++) {
      if (starts[row]! >= 0) strict.decode(bytes.subarray(starts[row]!, ends[row]!));
    }
    return true;
  } catch {
    return false;
  }
}
