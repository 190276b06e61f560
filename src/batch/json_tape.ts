/**
 * Where the values of some keys are in a block of lines of JSON: what a scan leaves behind.
 * @module
 */

/** What a value is, as far as its column needs to know; a column's summary is the union of its values' kinds. */
export const JSON_KIND = {
  /** Absent or null: starts at -1. */
  none: 0,
  number: 1,
  /** ASCII text without escapes: the offsets are those between the quotes. */
  ascii: 2,
  /** Text without escapes that may not be UTF-8: the offsets are those between the quotes. */
  text: 4,
  /** Anything else, whole. */
  other: 8,
  /** In a line that the scan left to the parser; the offsets mean nothing. */
  parsed: 16,
} as const;

/** Where the values of some keys are: that of key `k` in row `r` at index `k * room + r`. */
export interface JsonTape {
  /** How many rows there is room for. */
  readonly room: number;
  /** Offsets into the scanned bytes, -1 where there is no value. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** One of {@link JSON_KIND}. */
  readonly kinds: Uint8Array;
  /** For each key the kinds of its values, and perhaps others. */
  readonly summary: Uint8Array;
}

/** An empty tape: 9 bytes a row and key. */
export function jsonTape(keys: number, room: number): JsonTape {
  return {
    room,
    starts: new Int32Array(keys * room).fill(-1),
    ends: new Int32Array(keys * room),
    kinds: new Uint8Array(keys * room),
    summary: new Uint8Array(keys),
  };
}

/** The tape with room for twice the rows. */
export function grownTape(tape: JsonTape): JsonTape {
  const { room, starts, ends, kinds, summary } = tape;
  const grown = jsonTape(summary.length, room * 2);
  grown.summary.set(summary);
  for (let key = 0; key < summary.length; key++) {
    const from = key * room;
    const to = key * grown.room;
    grown.starts.set(starts.subarray(from, from + room), to);
    grown.ends.set(ends.subarray(from, from + room), to);
    grown.kinds.set(kinds.subarray(from, from + room), to);
  }
  return grown;
}
