/**
 * Where the values of some keys are in lines of logfmt or LTSV. What the scan does not take is left to whoever reads whole
 * lines: so this decides about the usual ones alone.
 * @module
 */
import { mostRows } from "./csv_scan.ts";

/** The syntax of a line. */
export type PairSyntax = "logfmt" | "ltsv";

/** What some lines hold, up to a line that is left or to the end. */
export interface PairScan {
  /** For each key, where its value starts in each row: {@link NO_VALUE}, {@link BARE}, or an offset. */
  readonly starts: readonly Int32Array[];
  readonly ends: readonly Int32Array[];
  /** For each key, whether it stands alone in any row, and whether any value is more than ASCII. */
  readonly bare: readonly boolean[];
  readonly wide: readonly boolean[];
  readonly rows: number;
  readonly lines: number;
  readonly empty: number;
  /** Where reading stopped. */
  readonly next: number;
}

/**
 * Reads a line that a scan leaves: `bytes[start, end)` without its line end, the `line`-th from 0. True when it is a row,
 * then the `row`-th, with what the scan has for it meaning nothing.
 */
export type ReadLine = (row: number, line: number, start: number, end: number) => boolean;

/** A scan of the lines of `bytes[start, end)`, at most {@link mostRows} rows of them. */
export type PairScanning = (
  bytes: Uint8Array,
  start: number,
  end: number,
  readLine: ReadLine,
) => PairScan;

/** The start of what is missing or empty. */
export const NO_VALUE = -1;
/** The start of a key that stands alone, which is true. */
export const BARE = -2;

const TAB = 9;
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const COLON = 58;
const EQUALS = 61;
const BACKSLASH = 92;
const LEFT = -1;

/** Reads lines for these keys, which are ASCII. Keeps room for the values of one block: 8 bytes a row and key. */
export class PairScanner {
  #starts = new Int32Array(0);
  #ends = new Int32Array(0);
  #room = 0;
  readonly #bare: boolean[];
  readonly #wide: boolean[];
  readonly #line: (bytes: Uint8Array, start: number, end: number, row: number) => number;

  constructor(readonly syntax: PairSyntax, readonly keys: readonly Uint8Array[]) {
    this.#bare = keys.map(() => false);
    this.#wide = keys.map(() => false);
    this.#line = syntax === "logfmt"
      ? (bytes, start, end, row) => this.#logfmt(bytes, start, end, row)
      : (bytes, start, end, row) => this.#ltsv(bytes, start, end, row);
  }

  /** As {@link PairScanning} says. */
  scan(bytes: Uint8Array, start: number, end: number, readLine: ReadLine): PairScan {
    const most = mostRows(this.keys.length);
    this.#reserve(Math.min(most, ((end - start) >> 1) + 1));
    let [at, rows, lines, empty] = [start, 0, 0, 0];
    while (at < end && rows < most) {
      const feed = bytes.indexOf(NEWLINE, at);
      const newline = feed < 0 || feed > end ? end : feed;
      const lineEnd = newline > at && bytes[newline - 1] === CARRIAGE_RETURN
        ? newline - 1
        : newline;
      if (lineEnd === at) empty++;
      else if (this.#line(bytes, at, lineEnd, rows) !== LEFT) rows++;
      else if (readLine(rows, lines, at, lineEnd)) rows++;
      lines++;
      at = newline + 1;
    }
    const part = (places: Int32Array) =>
      this.keys.map((_, key) => places.slice(key * this.#room, key * this.#room + rows));
    return {
      starts: part(this.#starts),
      ends: part(this.#ends),
      bare: [...this.#bare],
      wide: [...this.#wide],
      rows,
      lines,
      empty,
      next: Math.min(at, end),
    };
  }

  #reserve(room: number): void {
    this.#bare.fill(false);
    this.#wide.fill(false);
    if (room <= this.#room) return;
    this.#room = room;
    this.#starts = new Int32Array(room * this.keys.length);
    this.#ends = new Int32Array(room * this.keys.length);
  }

  #clear(row: number): void {
    for (let place = row; place < this.#starts.length; place += this.#room) {
      this.#starts[place] = NO_VALUE;
      this.#ends[place] = NO_VALUE;
    }
  }

  #keep(
    bytes: Uint8Array,
    from: number,
    to: number,
    row: number,
    start: number,
    end: number,
  ): void {
    const key = this.keys.findIndex((wanted) => equals(bytes, from, to, wanted));
    if (key < 0) return;
    const place = key * this.#room + row;
    this.#starts[place] = start === end ? NO_VALUE : start;
    this.#ends[place] = end;
    if (start === BARE) this.#bare[key] = true;
    else if (!isAscii(bytes, start, end)) this.#wide[key] = true;
  }

  #logfmt(bytes: Uint8Array, start: number, end: number, row: number): number {
    this.#clear(row);
    let at = start;
    for (let pairs = 0;; pairs++) {
      while (at < end && bytes[at]! <= SPACE) at++;
      if (at === end) return pairs > 0 ? end : LEFT;
      const keyEnd = wordEnd(bytes, at, end);
      if (keyEnd === at || !isAscii(bytes, at, keyEnd)) return LEFT;
      if (keyEnd === end || bytes[keyEnd] !== EQUALS) {
        if (keyEnd < end && bytes[keyEnd] === QUOTE) return LEFT;
        this.#keep(bytes, at, keyEnd, row, BARE, keyEnd);
        at = keyEnd;
        continue;
      }
      const value = keyEnd + 1;
      if (value < end && bytes[value] === QUOTE) {
        const close = quotedEnd(bytes, value + 1, end);
        if (close === LEFT) return LEFT;
        this.#keepQuoted(bytes, at, keyEnd, row, value + 1, close);
        at = close + 1;
      } else {
        const valueEnd = wordEnd(bytes, value, end);
        if (valueEnd < end && bytes[valueEnd]! > SPACE) return LEFT;
        this.#keep(bytes, at, keyEnd, row, value, valueEnd);
        at = valueEnd;
      }
    }
  }

  /** An empty value in quotes is empty text. */
  #keepQuoted(
    bytes: Uint8Array,
    from: number,
    to: number,
    row: number,
    start: number,
    end: number,
  ): void {
    this.#keep(bytes, from, to, row, start, end);
    if (start < end) return;
    const key = this.keys.findIndex((wanted) => equals(bytes, from, to, wanted));
    if (key >= 0) this.#starts[key * this.#room + row] = start;
  }

  #ltsv(bytes: Uint8Array, start: number, end: number, row: number): number {
    this.#clear(row);
    let at = start;
    while (at < end) {
      let colon = at;
      while (colon < end && bytes[colon] !== COLON && bytes[colon] !== TAB) colon++;
      if (colon === at && bytes[at] === TAB) {
        at++;
        continue;
      }
      if (colon === at || colon === end || bytes[colon] === TAB) return LEFT;
      if (!isAscii(bytes, at, colon)) return LEFT;
      let stop = colon + 1;
      while (stop < end && bytes[stop] !== TAB) stop++;
      this.#keep(bytes, at, colon, row, colon + 1, stop);
      at = stop + 1;
    }
    return end;
  }
}

/** The next byte at or after `at` that no word holds, or `end`. */
function wordEnd(bytes: Uint8Array, at: number, end: number): number {
  let stop = at;
  for (; stop < end; stop++) {
    const byte = bytes[stop]!;
    if (byte <= SPACE || byte === EQUALS || byte === QUOTE) break;
  }
  return stop;
}

/** The closing quote at or after `at`; left when there is none, or anything is escaped. */
function quotedEnd(bytes: Uint8Array, at: number, end: number): number {
  for (let stop = at; stop < end; stop++) {
    if (bytes[stop] === QUOTE) return stop;
    if (bytes[stop] === BACKSLASH) return LEFT;
  }
  return LEFT;
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at]! >= 0x80) return false;
  return true;
}

function equals(bytes: Uint8Array, start: number, end: number, key: Uint8Array): boolean {
  if (end - start !== key.length) return false;
  for (let at = 0; at < key.length; at++) if (bytes[start + at] !== key[at]) return false;
  return true;
}
