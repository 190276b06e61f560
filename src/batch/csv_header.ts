/**
 * What stands before the records of separated values: a byte order mark, and the names of the columns.
 * @module
 */
import { recordBatch } from "./csv_columns.ts";
import { RunError } from "../errors.ts";
import { type Dialect, type RecordScan, RecordScanner } from "./csv_scan.ts";

/** More columns than this are refused, as each costs memory in every batch. */
export const MAX_COLUMNS = 10_000;

const MARK = [0xef, 0xbb, 0xbf];

/** What a {@link MarkFilter} knows. */
export interface MarkState {
  readonly length: number;
  readonly opening: Uint8Array | null;
}

/** Takes the UTF-8 byte order mark off an upload that comes in chunks. Holds two bytes at the most. */
export class MarkFilter {
  /** How many bytes were taken off. */
  length = 0;
  /** What may be a mark's first bytes; null when that is decided. */
  #opening: Uint8Array | null = new Uint8Array(0);

  /** Whether it is not known yet if there is a mark. */
  get open(): boolean {
    return this.#opening !== null;
  }

  /** The chunk, with what was held before it and without the mark; null while there are too few bytes to tell. */
  pass(chunk: Uint8Array): Uint8Array | null {
    const held = this.#opening;
    if (held === null) return chunk;
    let bytes = chunk;
    if (held.length > 0) {
      bytes = new Uint8Array(held.length + chunk.length);
      bytes.set(held);
      bytes.set(chunk, held.length);
    }
    const marked = MARK.every((byte, at) => at >= bytes.length || bytes[at] === byte);
    if (marked && bytes.length < MARK.length) {
      this.#opening = bytes.slice();
      return null;
    }
    this.#opening = null;
    if (!marked) return bytes;
    this.length = MARK.length;
    return bytes.subarray(MARK.length);
  }

  /** What it knows, for {@link MarkFilter.restore}. */
  save(): MarkState {
    return { length: this.length, opening: this.#opening };
  }

  /** Goes on where another one was saved. */
  restore({ length, opening }: MarkState): void {
    this.length = length;
    this.#opening = opening;
  }

  /** What is held when the upload ends: no mark, as that would have been passed. */
  rest(): Uint8Array {
    const rest = this.#opening ?? new Uint8Array(0);
    this.#opening = null;
    return rest;
  }
}

/**
 * How many fields the one record `bytes[start, end)` has: 0 when it is empty, -1 when its quotes are wrong; and what a scan
 * says of it that wants none of them.
 * @throws RunError `nothing_parsed` when they are more than {@link MAX_COLUMNS}.
 */
export function firstRecord(
  dialect: Dialect,
  bytes: Uint8Array,
  start: number,
  end: number,
  final: boolean,
): { readonly found: number; readonly probe: RecordScan } {
  const scanner = new RecordScanner({ dialect, fields: 1, wanted: [] });
  const probe = scanner.scan(bytes, start, end, final);
  const { found } = scanner;
  if (found > MAX_COLUMNS) {
    const message = `Cannot read a record of ${found} fields; at most ${MAX_COLUMNS} are allowed`;
    throw new RunError("nothing_parsed", message);
  }
  return { found, probe };
}

/** The `fields` fields of the one record `bytes[start, end)`, null for empty ones. */
export function fieldsOf(
  dialect: Dialect,
  bytes: Uint8Array,
  start: number,
  end: number,
  fields: number,
): readonly (string | null)[] {
  const wanted = Array.from({ length: fields }, (_, place) => place);
  const scan = new RecordScanner({ dialect, fields, wanted }).scan(bytes, start, end, true);
  const slots = new Map(wanted.map((place) => [String(place), place]));
  const row = recordBatch(bytes, scan, slots, dialect.quote, 0);
  return wanted.map((place) => row.column(String(place))!.value(0) as string | null);
}

/** Names that differ: an empty one is named by its place, a repeated one gets the next free number. */
export function distinctNames(texts: readonly (string | null)[]): readonly string[] {
  const wished = texts.map((text, index) => text || `c${index + 1}`);
  const given = new Set(wished);
  const used = new Set<string>();
  const numbers = new Map<string, number>();
  return wished.map((wish) => {
    let name = wish;
    if (used.has(wish)) {
      let number = numbers.get(wish) ?? 2;
      while (used.has(name) || given.has(name)) name = `${wish}_${number++}`;
      numbers.set(wish, number);
    }
    used.add(name);
    return name;
  });
}
