/**
 * Columns of access log fields, made of the places that a scan has found.
 * @module
 */
import { AccessRequests } from "./access_request.ts";
import {
  BYTES_END,
  closingQuote,
  IDENT_END,
  IP_END,
  LINE_END,
  LINE_START,
  REQUEST_END,
  STRIDE,
  TIME_END,
  USER_END,
} from "./access_scan.ts";
import { accessTimes } from "./access_time.ts";
import { type Column, NULL_COLUMN, NumberColumn, TextColumn, TimeColumn } from "./column.ts";
import { parseDigits } from "./numbers.ts";
import { shortFloat64s, shortInt32s } from "./short_arrays.ts";

const DASH = 45;
const QUOTE = 34;
const SPACE = 32;

/** The columns of a tape's rows, each made when it is asked for; texts are views of `bytes`. */
export class AccessColumns {
  #requests: AccessRequests | null = null;
  #refererEnds: Int32Array | null = null;

  constructor(readonly bytes: Uint8Array, readonly tape: Int32Array, readonly rows: number) {}

  /** The same of only some rows, by copying their part of the tape. */
  take(rows: Uint32Array): AccessColumns {
    const tape = shortInt32s(rows.length * STRIDE);
    for (let index = 0; index < rows.length; index++) {
      const from = rows[index]! * STRIDE;
      for (let slot = 0; slot < STRIDE; slot++) {
        tape[index * STRIDE + slot] = this.tape[from + slot]!;
      }
    }
    return new AccessColumns(this.bytes, tape, rows.length);
  }

  /** The column of a field; of any other name, nulls. */
  make(name: string): Column {
    switch (name) {
      case "ip":
        return this.#text(LINE_START, 0, IP_END);
      case "ident":
        return this.#text(IP_END, 1, IDENT_END);
      case "user":
        return this.#text(IDENT_END, 1, USER_END);
      case "time":
        return new TimeColumn(accessTimes(this.bytes, this.tape, this.rows));
      case "request":
        return this.#text(TIME_END, 3, REQUEST_END);
      case "method":
      case "path":
      case "query":
      case "protocol":
        this.#requests ??= new AccessRequests(this.bytes, this.tape, this.rows);
        return this.#requests.column(name);
      case "status":
        return this.#status();
      case "bytes":
        return this.#size();
      case "referer":
        return this.#referer();
      case "agent":
        return this.#agent();
      default:
        return NULL_COLUMN;
    }
  }

  /** The text from `skip` behind the offset in slot `from` to that in slot `to`; `-` is null. */
  #text(from: number, skip: number, to: number): TextColumn {
    const { bytes, tape, rows } = this;
    const starts = shortInt32s(rows);
    const ends = shortInt32s(rows);
    for (let row = 0, at = 0; row < rows; row++, at += STRIDE) {
      const start = tape[at + from]! + skip;
      const end = tape[at + to]!;
      starts[row] = isDash(bytes, start, end) ? -1 : start;
      ends[row] = end;
    }
    return new TextColumn(bytes, starts, ends);
  }

  #status(): NumberColumn {
    const { bytes, tape, rows } = this;
    const values = shortFloat64s(rows);
    for (let row = 0; row < rows; row++) {
      const at = tape[row * STRIDE + REQUEST_END]! + 2;
      values[row] = bytes[at] === DASH
        ? NaN
        : bytes[at]! * 100 + bytes[at + 1]! * 10 + bytes[at + 2]! - 48 * 111;
    }
    return new NumberColumn(values);
  }

  #size(): NumberColumn {
    const { bytes, tape, rows } = this;
    const values = shortFloat64s(rows);
    for (let row = 0, at = 0; row < rows; row++, at += STRIDE) {
      const status = tape[at + REQUEST_END]! + 2;
      const start = status + (bytes[status] === DASH ? 2 : 4);
      values[row] = parseDigits(bytes, start, tape[at + BYTES_END]!);
    }
    return new NumberColumn(values);
  }

  /** Where the referer of each row ends: at its closing quote, or at the end of a line that is cut inside it. */
  #endsOfReferers(): Int32Array {
    if (this.#refererEnds !== null) return this.#refererEnds;
    const { bytes, tape, rows } = this;
    const ends = shortInt32s(rows);
    for (let row = 0, at = 0; row < rows; row++, at += STRIDE) {
      ends[row] = closingQuote(bytes, tape[at + BYTES_END]! + 2, tape[at + LINE_END]!);
    }
    return this.#refererEnds = ends;
  }

  #referer(): TextColumn {
    const { bytes, tape, rows } = this;
    const ends = this.#endsOfReferers();
    const starts = shortInt32s(rows);
    for (let row = 0, at = 0; row < rows; row++, at += STRIDE) {
      const start = tape[at + BYTES_END]! + 2;
      starts[row] = isDash(bytes, start, ends[row]!) ? -1 : start;
    }
    return new TextColumn(bytes, starts, ends);
  }

  #agent(): TextColumn {
    const { bytes, tape, rows } = this;
    const refererEnds = this.#endsOfReferers();
    const starts = shortInt32s(rows);
    const ends = shortInt32s(rows);
    for (let row = 0, at = 0; row < rows; row++, at += STRIDE) {
      const lineEnd = tape[at + LINE_END]!;
      const start = refererEnds[row]! + 3;
      const present = start <= lineEnd && bytes[start - 1] === QUOTE && bytes[start - 2] === SPACE;
      const end = present ? closingQuote(bytes, start, lineEnd) : start;
      starts[row] = !present || isDash(bytes, start, end) ? -1 : start;
      ends[row] = end;
    }
    return new TextColumn(bytes, starts, ends);
  }
}

function isDash(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 1 && bytes[start] === DASH;
}
