/**
 * Where the values of some fields are in a block of lines of JSON: what a scan leaves behind.
 * @module
 */
import { MAX_BATCH_ROWS } from "./batch.ts";

/** What a value is, as far as its column needs to know; a field's summary is the union of its values' kinds. */
export const JSON_KIND = {
  /** Absent or null: starts at -1. */
  none: 0,
  /** A number whose double is on the tape; it is finite and not -0. */
  number: 1,
  /** UTF-8 without escapes: the offsets are those between the quotes. */
  text: 2,
  /** UTF-8 with escapes that may stand for half a surrogate pair: the offsets are those between the quotes. */
  escaped: 4,
  /** `true` or `false`. */
  boolean: 8,
  /** A number that takes more than one exact operation to read, whole. */
  long: 16,
  /** Anything else, whole. */
  other: 32,
  /** In a line that the scan left to the parser; the offsets mean nothing. */
  parsed: 64,
} as const;

/** How many values a scan has room for, 17 bytes each; with `n` fields it stops after an `n`th of them as rows. */
export const TAPE_PLACES = 24_576;
/** More fields than these are not scanned for: each costs up to 17 bytes a row, there or not. */
export const MOST_FIELDS = 64;

/** The values of one field by row; what the summary tells already is left empty. */
export interface JsonPlaces {
  /** The union of the kinds. */
  readonly summary: number;
  /** Offsets into the block's bytes, -1 where there is no value; empty where all are numbers. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Each one of {@link JSON_KIND}; empty where all are numbers or all are texts, or absent. */
  readonly kinds: Uint8Array;
  /** NaN where there is none; empty where all are. */
  readonly numbers: Float64Array;
}

const NO_OFFSETS = new Int32Array(0);
const NO_KINDS = new Uint8Array(0);
const NO_NUMBERS = new Float64Array(0);

/** What was found in a block of lines. */
export interface JsonBlock {
  /** The bytes of all values that have places; of the scanned bytes nothing is kept. */
  readonly bytes: Uint8Array;
  /** The values of each field that was looked for. */
  readonly fields: readonly JsonPlaces[];
  readonly rows: number;
  readonly lines: number;
  /** How many of the lines were empty. */
  readonly empty: number;
  /** Where the scan stopped: the end, or the start of a line for which there was no room. */
  readonly next: number;
}

/** Is told of a line that the scan does not take, trimmed, and of its number; answers whether it is row `row`. */
export type LeftLine = (start: number, end: number, line: number, row: number) => boolean;

/** A scan of the lines `bytes[start, end)` for the fields that its scanner was made for. */
export type JsonScan = (
  bytes: Uint8Array,
  start: number,
  end: number,
  left: LeftLine,
) => JsonBlock;

/** What a scan writes: field `f` of row `r` is at index `f * room + r`. */
export class JsonTape {
  /** How many rows there is room for. */
  readonly room: number;

  /** A tape for so many fields on arrays that may be used again after {@link JsonTape.fields}. */
  constructor(
    readonly count: number,
    readonly starts: Int32Array = new Int32Array(TAPE_PLACES),
    readonly ends: Int32Array = new Int32Array(TAPE_PLACES),
    readonly kinds: Uint8Array = new Uint8Array(TAPE_PLACES),
    readonly numbers: Float64Array = new Float64Array(TAPE_PLACES),
  ) {
    this.room = Math.min(MAX_BATCH_ROWS, Math.floor(starts.length / Math.max(1, count)));
  }

  /** The whole row as not there, or as left to the parser. */
  mark(row: number, kind: number): void {
    for (let field = 0; field < this.count; field++) {
      this.unset(field, row);
      this.kinds[field * this.room + row] = kind;
    }
  }

  /** One value as not there. */
  unset(field: number, row: number): void {
    const place = field * this.room + row;
    this.starts[place] = -1;
    this.ends[place] = 0;
    this.kinds[place] = JSON_KIND.none;
    this.numbers[place] = NaN;
  }

  /** The union of the kinds of a field's first `rows` values. */
  summary(field: number, rows: number): number {
    const first = field * this.room;
    let summary = 0;
    for (let place = first; place < first + rows; place++) summary |= this.kinds[place]!;
    return summary;
  }

  /** Copies of what is needed of the first `rows` rows; `summaries` has those of the fields, if that is known. */
  fields(rows: number, summaries?: Uint8Array): JsonPlaces[] {
    const fields = new Array<JsonPlaces>(this.count);
    for (let field = 0; field < this.count; field++) {
      const summary = summaries?.[field] ?? this.summary(field, rows);
      const from = field * this.room;
      const to = from + rows;
      const placed = summary !== JSON_KIND.number;
      const mixed = placed && summary !== JSON_KIND.text;
      fields[field] = {
        summary,
        starts: placed ? this.starts.slice(from, to) : NO_OFFSETS,
        ends: placed ? this.ends.slice(from, to) : NO_OFFSETS,
        kinds: mixed ? this.kinds.slice(from, to) : NO_KINDS,
        numbers: (summary & JSON_KIND.number) === 0 ? NO_NUMBERS : this.numbers.slice(from, to),
      };
    }
    return fields;
  }
}
