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

/** What some bytes hold. */
export interface RecordScan {
  /** For each row its start, then the end of each field; a field starts one byte behind the end of the one before. */
  readonly tape: Int32Array;
  readonly rows: number;
  /** Records that are not empty. */
  readonly records: number;
  /** Line feeds before `next`, those in quotes among them. */
  readonly lines: number;
  /** `line` counts line feeds before the record. */
  readonly faults: readonly LineFault[];
  /** The start of the first record that is not whole or was not read. */
  readonly next: number;
  /** How many fields the last record has; -1 when its quotes are wrong. */
  readonly found: number;
  /** Whether any field holds a doubled quote. */
  readonly doubled: boolean;
}

const UNFINISHED = -2;

/** Reads records of one dialect. Keeps a tape for the next block, at most 4 bytes a byte of a block. */
export class RecordScanner {
  #tape = new Int32Array(0);
  #feeds = 0;
  #doubled = false;

  constructor(readonly dialect: Dialect) {}

  /**
   * Reads the records of `bytes[start, end)` that end there with a line feed, at most {@link MAX_BATCH_ROWS} rows;
   * with `final`, the last needs none. Those that do not have `fields` fields are faults; empty ones are skipped.
   */
  scan(bytes: Uint8Array, start: number, end: number, fields: number, final: boolean): RecordScan {
    const stride = fields + 1;
    const most = fields === 0
      ? 1
      : Math.min(MAX_BATCH_ROWS, Math.floor((end - start) / fields) + 1);
    // One row more: a record is written before it is known to be a row.
    if (this.#tape.length < (most + 1) * stride) this.#tape = new Int32Array((most + 1) * stride);
    const faults: LineFault[] = [];
    let [at, rows, records, lines, found] = [start, 0, 0, 0, 0];
    this.#doubled = false;
    while (at < end && rows < most) {
      this.#feeds = 0;
      const stop = this.#record(bytes, at, end, rows * stride, fields, final);
      if (stop === UNFINISHED) break;
      found = this.#found;
      if (found !== 0) {
        records++;
        if (found === fields) rows++;
        else {
          const to = recordEnd(bytes, at, stop);
          const reason = this.#reason ?? `Expected ${counted(fields)}, found ${found}`;
          faults.push({ line: lines, start: at, end: to, reason });
        }
      }
      lines += this.#feeds;
      at = stop;
    }
    const tape = this.#tape.slice(0, rows * stride);
    return { tape, rows, records, lines, faults, next: at, found, doubled: this.#doubled };
  }

  #found = 0;
  #reason: string | null = null;

  /** Writes the record at `start` to the tape from `slot`; gives the offset behind it. */
  #record(
    bytes: Uint8Array,
    start: number,
    end: number,
    slot: number,
    fields: number,
    final: boolean,
  ): number {
    const { separator, quote } = this.dialect;
    const tape = this.#tape;
    let at = start;
    let found = 0;
    this.#reason = null;
    tape[slot] = start;
    while (true) {
      const from = at;
      if (at < end && bytes[at] === quote) {
        at = this.#quoted(bytes, at + 1, end);
        if (at === UNFINISHED && !final) return UNFINISHED;
        if (at === UNFINISHED) {
          return this.#broken("Expected a closing quote, found the end of the upload", end);
        }
        const next = at < end ? bytes[at] : NEWLINE;
        if (next !== separator && next !== NEWLINE) {
          const ended = next === CARRIAGE_RETURN && (at + 1 === end || bytes[at + 1] === NEWLINE);
          if (!ended) return this.#strayed(bytes, at, end, final);
        }
        if (next === CARRIAGE_RETURN) {
          if (found < fields) tape[slot + 1 + found] = at;
          found++;
          at++;
          break;
        }
      } else {
        let byte: number;
        while (at < end && (byte = bytes[at]!) !== separator && byte !== NEWLINE) at++;
      }
      const more = at < end && bytes[at] === separator;
      const trimmed = !more && at > from && bytes[at - 1] === CARRIAGE_RETURN ? at - 1 : at;
      if (found < fields) tape[slot + 1 + found] = trimmed;
      found++;
      if (!more) {
        if (found === 1 && trimmed === start) found = 0;
        break;
      }
      at++;
    }
    if (at >= end && !final) return UNFINISHED;
    this.#found = found;
    if (at < end) this.#feeds++;
    return Math.min(at + 1, end);
  }

  /** The offset behind the quote that closes the field whose content begins at `at`. */
  #quoted(bytes: Uint8Array, start: number, end: number): number {
    const { quote } = this.dialect;
    let at = start;
    while (at < end) {
      const byte = bytes[at++]!;
      if (byte === quote) {
        if (at === end || bytes[at] !== quote) return at;
        this.#doubled = true;
        at++;
      } else if (byte === NEWLINE) this.#feeds++;
    }
    return UNFINISHED;
  }

  /** Something stands between a closing quote and the separator: the record ends with the line. */
  #strayed(bytes: Uint8Array, at: number, end: number, final: boolean): number {
    const feed = bytes.indexOf(NEWLINE, at);
    const stop = feed < 0 || feed >= end ? end : feed;
    if (stop === end && !final) return UNFINISHED;
    if (stop < end) this.#feeds++;
    const shown = shownValue(bytes, at, recordEnd(bytes, at, stop));
    return this.#broken(
      `Expected a separator after the closing quote, found ${shown}`,
      Math.min(stop + 1, end),
    );
  }

  #broken(reason: string, stop: number): number {
    this.#reason = reason;
    this.#found = -1;
    return stop;
  }
}

/** Finds where one record ends that comes in pieces, each byte looked at once. */
export class RecordEdge {
  /** Line feeds in quotes of the record in hand. */
  feeds = 0;
  #state: "start" | "plain" | "quoted" | "closed" | "broken" = "start";

  constructor(readonly dialect: Dialect) {}

  /** Forgets the record in hand. */
  reset(): void {
    this.feeds = 0;
    this.#state = "start";
  }

  /** The offset behind the line feed that ends the record, or -1 when `bytes[start, ...)` does not have it. */
  find(bytes: Uint8Array, start: number): number {
    const { separator, quote } = this.dialect;
    let state = this.#state;
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (state === "quoted") {
        if (byte === quote) state = "closed";
        else if (byte === NEWLINE) this.feeds++;
      } else if (byte === NEWLINE) {
        this.#state = "start";
        return at + 1;
      } else if (state === "start") {
        state = byte === quote ? "quoted" : byte === separator ? "start" : "plain";
      } else if (state === "plain") {
        if (byte === separator) state = "start";
      } else if (state === "closed") {
        state = byte === quote ? "quoted" : byte === separator ? "start" : "broken";
      }
    }
    this.#state = state;
    return -1;
  }
}

/** Where the record `bytes[start, stop)` ends without its line end. */
function recordEnd(bytes: Uint8Array, start: number, stop: number): number {
  const feed = stop > start && bytes[stop - 1] === NEWLINE ? stop - 1 : stop;
  return feed > start && bytes[feed - 1] === CARRIAGE_RETURN ? feed - 1 : feed;
}

function counted(fields: number): string {
  return fields === 1 ? "1 field" : `${fields} fields`;
}
