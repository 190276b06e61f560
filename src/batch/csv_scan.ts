/**
 * Separated values: where the fields of records are. A record may span lines, as a quoted field may hold line feeds.
 * @module
 */
import { MAX_BATCH_ROWS } from "./batch.ts";
import { CARRIAGE_RETURN, type LineFault, NEWLINE, shownValue } from "./line_format.ts";

/** How fields are written. `quote` is -1 where no byte quotes. */
export interface Dialect {
  readonly separator: number;
  readonly quote: number;
}

/** What to look for: records of `fields` fields, and in these the places in `wanted` (from 0, ascending). */
export interface RecordShape {
  readonly dialect: Dialect;
  readonly fields: number;
  readonly wanted: readonly number[];
}

/** What some bytes hold. */
export interface RecordScan {
  /**
   * For each wanted field, where it starts in each row; -1 where it is empty. The quotes around a field are not part of
   * it; an empty one in quotes starts where it ends.
   */
  readonly starts: readonly Int32Array[];
  readonly ends: readonly Int32Array[];
  /** For each wanted field, whether it holds doubled quotes in any record. */
  readonly doubled: readonly boolean[];
  readonly rows: number;
  /** Records that are not empty. */
  readonly records: number;
  /** Line feeds before `next`, those in quotes among them. */
  readonly lines: number;
  /** `line` counts line feeds before the record. */
  readonly faults: readonly LineFault[];
  /** The start of the first record that is not whole or was not read. */
  readonly next: number;
}

/** How many places of fields a scan finds at the most, very wide rows aside. */
export const MOST_PLACES = 64 * 1024;
/** However wide the rows are, a scan goes on for so many. */
const LEAST_ROWS = 64;

/** How many rows a scan stops after, so that wide rows need no more memory than narrow ones. */
export function mostRows(wanted: number): number {
  const even = Math.floor(MOST_PLACES / Math.max(1, wanted));
  return Math.min(MAX_BATCH_ROWS, Math.max(LEAST_ROWS, even));
}

const UNFINISHED = -2;
const BROKEN = -1;

/** Reads records of one shape. Keeps room for the places of one block: 8 bytes a row and wanted field. */
export class RecordScanner {
  /** How many fields the last record has that was read; 0 when it is empty, -1 when its quotes are wrong. */
  found = 0;
  #starts = new Int32Array(0);
  #ends = new Int32Array(0);
  /** Rows that there is room for. */
  #room = 0;
  readonly #doubled: boolean[];
  readonly #quote: number;
  readonly #separator: number;
  readonly #wanted: readonly number[];
  /** Of the record in hand: its line feeds, what is wrong with it, and then where it ends. */
  #feeds = 0;
  #reason = "";
  #stop = 0;
  /** Of the field in hand: where its text ends, and whether it has doubled quotes. */
  #textEnd = 0;
  #twice = false;

  constructor(readonly shape: RecordShape) {
    ({ quote: this.#quote, separator: this.#separator } = shape.dialect);
    this.#wanted = shape.wanted;
    this.#doubled = shape.wanted.map(() => false);
  }

  /**
   * Reads the records of `bytes[start, end)` that end there with a line feed, at most {@link mostRows} rows of them; with
   * `final`, the last needs no line feed. Those of another number of fields are faults, empty ones are skipped.
   */
  scan(bytes: Uint8Array, start: number, end: number, final: boolean): RecordScan {
    const { fields } = this.shape;
    const room = Math.min(mostRows(this.#wanted.length), Math.floor((end - start) / fields) + 1);
    this.#reserve(room);
    const faults: LineFault[] = [];
    let [at, rows, records, lines] = [start, 0, 0, 0];
    while (at < end && rows < room) {
      const stop = this.#record(bytes, at, end, rows, final);
      if (stop === UNFINISHED) break;
      if (this.found !== 0) {
        records++;
        if (this.found === fields) rows++;
        else {
          const reason = this.found < 0 ? this.#reason : widthReason(fields, this.found);
          faults.push({ line: lines, start: at, end: recordEnd(bytes, at, stop), reason });
        }
      }
      lines += this.#feeds;
      at = stop;
    }
    const part = (places: Int32Array) =>
      this.#wanted.map((_, slot) => places.slice(slot * this.#room, slot * this.#room + rows));
    const [starts, ends, doubled] = [part(this.#starts), part(this.#ends), [...this.#doubled]];
    return { starts, ends, doubled, rows, records, lines, faults, next: at };
  }

  #reserve(room: number): void {
    this.#doubled.fill(false);
    if (room <= this.#room) return;
    this.#room = room;
    this.#starts = new Int32Array(room * this.#wanted.length);
    this.#ends = new Int32Array(room * this.#wanted.length);
  }

  /** Reads the record at `start`, whose wanted fields are those of `row`; gives the offset behind it. */
  #record(bytes: Uint8Array, start: number, end: number, row: number, final: boolean): number {
    const quote = this.#quote;
    let slot = 0;
    let found = 0;
    let at = start - 1;
    this.#feeds = 0;
    do {
      const from = at + 1;
      const quoted = from < end && bytes[from] === quote;
      at = quoted ? this.#quoted(bytes, from, end, final) : this.#plain(bytes, from, end);
      if (at === BROKEN) return this.#stop;
      if (at === UNFINISHED || (at >= end && !final)) return UNFINISHED;
      if (found === this.#wanted[slot]) this.#keep(slot++, row, from, quoted);
      found++;
    } while (at < end && bytes[at] === this.#separator);
    this.found = found === 1 && this.#textEnd === start ? 0 : found;
    if (at < end) this.#feeds++;
    return Math.min(at + 1, end);
  }

  #keep(slot: number, row: number, from: number, quoted: boolean): void {
    const place = slot * this.#room + row;
    const end = this.#textEnd;
    this.#starts[place] = quoted ? from + 1 : from === end ? -1 : from;
    this.#ends[place] = quoted ? end - 1 : end;
    if (quoted && this.#twice) this.#doubled[slot] = true;
  }

  /** The separator, line feed or end behind the field at `from`, which does not begin with a quote. */
  #plain(bytes: Uint8Array, from: number, end: number): number {
    const separator = this.#separator;
    let at = from;
    let byte = separator;
    while (at < end && (byte = bytes[at]!) !== separator && byte !== NEWLINE) at++;
    const more = at < end && byte === separator;
    this.#textEnd = !more && at > from && bytes[at - 1] === CARRIAGE_RETURN ? at - 1 : at;
    return at;
  }

  /** As {@link RecordScanner.#plain}, for a field with an opening quote at `from`. */
  #quoted(bytes: Uint8Array, from: number, end: number, final: boolean): number {
    const close = this.#closing(bytes, from + 1, end);
    if (close === UNFINISHED) {
      return final
        ? this.#broken("Expected a closing quote, found the end of the upload", end)
        : UNFINISHED;
    }
    this.#textEnd = close;
    if (close === end || bytes[close] === this.#separator || bytes[close] === NEWLINE) return close;
    const returned = bytes[close] === CARRIAGE_RETURN;
    if (returned && (close + 1 === end || bytes[close + 1] === NEWLINE)) return close + 1;
    // Something stands between the closing quote and the separator: the record ends with the line.
    const feed = bytes.indexOf(NEWLINE, close);
    const stop = feed < 0 || feed >= end ? end : feed;
    if (stop === end && !final) return UNFINISHED;
    if (stop < end) this.#feeds++;
    return this.#broken(strayReason(bytes, close, stop), Math.min(stop + 1, end));
  }

  /** The offset behind the quote that closes the field whose text begins at `start`. */
  #closing(bytes: Uint8Array, start: number, end: number): number {
    const quote = this.#quote;
    let at = start;
    this.#twice = false;
    while (at < end) {
      const byte = bytes[at++]!;
      if (byte === quote) {
        if (at === end || bytes[at] !== quote) return at;
        this.#twice = true;
        at++;
      } else if (byte === NEWLINE) this.#feeds++;
    }
    return UNFINISHED;
  }

  #broken(reason: string, stop: number): number {
    this.#reason = reason;
    this.#stop = stop;
    this.found = -1;
    return BROKEN;
  }
}

/** Why a record of `found` fields is no row of `fields`. */
export function widthReason(fields: number, found: number): string {
  return `Expected ${fields === 1 ? "1 field" : `${fields} fields`}, found ${found}`;
}

/** Why a record is no row in which text stands at `at`, behind a closing quote; its line ends at `stop`. */
export function strayReason(bytes: Uint8Array, at: number, stop: number): string {
  const found = shownValue(bytes, at, recordEnd(bytes, at, stop));
  return `Expected a separator after the closing quote, found ${found}`;
}

/** Where the record `bytes[start, stop)` ends without its line end. */
export function recordEnd(bytes: Uint8Array, start: number, stop: number): number {
  const feed = stop > start && bytes[stop - 1] === NEWLINE ? stop - 1 : stop;
  return feed > start && bytes[feed - 1] === CARRIAGE_RETURN ? feed - 1 : feed;
}
