/**
 * Where the fields of access log lines are: the hot loop behind `combined` and `common`. One pass, no objects, a tape
 * of offsets; whatever can be derived from these later is not looked for here.
 * @module
 */
import { MAX_BATCH_ROWS } from "./batch.ts";
import { type LineFault, lineFeed, shownValue, trimmedEnd } from "./line_format.ts";
import { isDigit } from "./numbers.ts";

/** How many offsets the tape holds for each row. */
export const STRIDE = 8;
/** Offsets in a row of the tape, into the scanned bytes: where the line begins, which is where the address begins. */
export const LINE_START = 0;
/** Behind the address; the identity begins one further. */
export const IP_END = 1;
/** Behind the identity; the user begins one further. */
export const IDENT_END = 2;
/** Behind the user; the time begins two further, inside the bracket. */
export const USER_END = 3;
/** Behind the time, at the closing bracket; the request begins three further, inside the quotes. */
export const TIME_END = 4;
/** Behind the request, at the closing quote; the status begins two further, three digits or `-`. */
export const REQUEST_END = 5;
/** Behind the size in bytes, which begins four or two behind the status. */
export const BYTES_END = 6;
/** Behind the line, without its `\r`. */
export const LINE_END = 7;

const SPACE = 32;
const QUOTE = 34;
const DASH = 45;
const SLASH = 47;
const OPEN = 91;
const BACKSLASH = 92;
const CLOSE = 93;
/** From the opening to the closing bracket of `[17/May/2015:10:05:03 +0000]`. */
const BRACKET_SPAN = 27;

/** What a scan found. `tape` holds {@link STRIDE} offsets a row and is the caller's to keep. */
export interface AccessScan {
  readonly tape: Int32Array;
  readonly rows: number;
  readonly lines: number;
  readonly empty: number;
  readonly faults: readonly LineFault[];
  readonly next: number;
}

/** Shared by all runs of a thread, which is safe since a scan never yields: its used part is copied before it returns. */
const scratch = new Int32Array(MAX_BATCH_ROWS * STRIDE);

/**
 * Scans the whole lines of `bytes[start, end)` up to MAX_BATCH_ROWS rows. With `referer`, a row must go on with a quoted
 * referer behind its size; without, anything may follow behind a space. Pure; 32 bytes a row.
 */
export function scanAccessLog(
  bytes: Uint8Array,
  start: number,
  end: number,
  referer: boolean,
): AccessScan {
  const faults: LineFault[] = [];
  let at = start;
  let rows = 0;
  let lines = 0;
  let empty = 0;
  while (at < end && rows < MAX_BATCH_ROWS) {
    const newline = lineFeed(bytes, at, end);
    const lineEnd = trimmedEnd(bytes, at, newline);
    if (lineEnd === at) empty++;
    else {
      const fault = scanLine(bytes, at, lineEnd, scratch, rows * STRIDE, referer);
      if (fault === 0) rows++;
      else {
        const reason = accessFaultReason(fault, bytes, scratch[rows * STRIDE]!, lineEnd);
        faults.push({ line: lines, start: at, end: lineEnd, reason });
      }
    }
    lines++;
    at = newline + 1;
  }
  const tape = scratch.slice(0, rows * STRIDE);
  return { tape, rows, lines, empty, faults, next: Math.min(at, end) };
}

const NO_TIME = 1;
const MANY_FIELDS = 2;
const NO_REQUEST = 3;
const OPEN_REQUEST = 4;
const NO_STATUS = 5;
const NO_SIZE = 6;
const NO_REFERER = 7;

/** Why a line that ends at `end` is no row: what was expected at `at`, and what is found there. */
export function accessFaultReason(
  fault: number,
  bytes: Uint8Array,
  at: number,
  end: number,
): string {
  const word = fault === NO_STATUS || fault === NO_SIZE;
  const space = word ? bytes.indexOf(SPACE, at) : -1;
  const found = shownValue(bytes, at, space > at && space < end ? space : end);
  switch (fault) {
    case NO_TIME:
      return `Expected an address, an identity, a user and a time in brackets, found ${found}`;
    case MANY_FIELDS:
      return `Expected three fields before the time, found more of them in ${found}`;
    case NO_REQUEST:
      return `Expected a request in quotes after the time, found ${found}`;
    case OPEN_REQUEST:
      return `Expected a closing quote after the request, found none after ${found}`;
    case NO_STATUS:
      return `Expected a status of three digits, found ${found}`;
    case NO_SIZE:
      return `Expected a size in bytes, found ${found}`;
    default:
      return `Expected a referer in quotes after the size, found ${found}`;
  }
}

/** Scans one line onto the tape at `row`. Gives 0, or the fault, with its place in the row's first slot. */
function scanLine(
  bytes: Uint8Array,
  start: number,
  end: number,
  tape: Int32Array,
  row: number,
  referer: boolean,
): number {
  const userEnd = scanClient(bytes, start, end, tape, row);
  if (userEnd < 0) return faultAt(tape, row, start, -userEnd);
  const timeEnd = bracketEnd(bytes, userEnd + 1, end);
  if (timeEnd < 0) return faultAt(tape, row, userEnd + 1, NO_REQUEST);
  const requestEnd = closingQuote(bytes, timeEnd + 3, end);
  if (requestEnd === end) return faultAt(tape, row, timeEnd + 3, OPEN_REQUEST);
  const status = requestEnd + 2;
  const size = statusEnd(bytes, requestEnd + 1, end) + 1;
  if (size === 0) return faultAt(tape, row, status, NO_STATUS);
  const sizeEnd = sizeEndOf(bytes, size, end);
  if (sizeEnd < 0) return faultAt(tape, row, size, NO_SIZE);
  if (referer && (bytes[sizeEnd + 1] !== QUOTE || sizeEnd + 1 >= end)) {
    return faultAt(tape, row, sizeEnd + 1, NO_REFERER);
  }
  tape[row + TIME_END] = timeEnd;
  tape[row + REQUEST_END] = requestEnd;
  tape[row + BYTES_END] = sizeEnd;
  tape[row + LINE_END] = end;
  return 0;
}

function faultAt(tape: Int32Array, row: number, at: number, fault: number): number {
  tape[row] = at;
  return fault;
}

/** Address, identity and user; gives where the user ends, before ` [`, or a fault as a negative number. */
function scanClient(
  bytes: Uint8Array,
  start: number,
  end: number,
  tape: Int32Array,
  row: number,
): number {
  let at = start;
  while (at < end && bytes[at] !== SPACE) at++;
  const ipEnd = at++;
  while (at < end && bytes[at] !== SPACE) at++;
  const identEnd = at++;
  const user = at;
  while (at < end && (bytes[at] !== SPACE || bytes[at + 1] !== OPEN)) at++;
  if (at + 1 >= end || ipEnd === start || identEnd === ipEnd + 1) return -NO_TIME;
  // With a virtual host in front, the identity `-` would be read as the beginning of a user name.
  if (at > user + 1 && bytes[user] === DASH && bytes[user + 1] === SPACE) return -MANY_FIELDS;
  tape[row + LINE_START] = start;
  tape[row + IP_END] = ipEnd;
  tape[row + IDENT_END] = identEnd;
  tape[row + USER_END] = at;
  return at;
}

/** The closing bracket to the opening one at `open`, when a quoted request follows; else -1. */
function bracketEnd(bytes: Uint8Array, open: number, end: number): number {
  let close = open + BRACKET_SPAN;
  // The end first: a shorter line must not be read into the next one.
  const usual = close + 2 < end && bytes[close] === CLOSE && bytes[close + 2] === QUOTE &&
    bytes[close + 1] === SPACE && bytes[open + 3] === SLASH && bytes[open + 7] === SLASH;
  if (!usual) {
    close = open + 1;
    while (close < end && bytes[close] !== CLOSE) close++;
  }
  return close + 2 < end && bytes[close + 1] === SPACE && bytes[close + 2] === QUOTE ? close : -1;
}

/** The first quote at or after `from` that no backslash escapes, or `end` when there is none before it. */
export function closingQuote(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    at += byte === BACKSLASH ? 2 : 1;
  }
  return end;
}

/** Where a space, three digits or `-`, and a space end, at that space; else -1. */
function statusEnd(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] !== SPACE) return -1;
  const close = bytes[at + 1] === DASH ? at + 2 : at + 4;
  if (close >= end || bytes[close] !== SPACE) return -1;
  const digits = isDigit(bytes[at + 1]) && isDigit(bytes[at + 2]) && isDigit(bytes[at + 3]);
  return digits || close === at + 2 ? close : -1;
}

/** Where digits or `-` end, before a space or the end of the line; else -1. */
function sizeEndOf(bytes: Uint8Array, size: number, end: number): number {
  let at = size;
  if (bytes[at] === DASH) at++;
  else while (at < end && isDigit(bytes[at])) at++;
  const ended = at > size && at <= end && (at === end || bytes[at] === SPACE);
  return ended ? at : -1;
}
