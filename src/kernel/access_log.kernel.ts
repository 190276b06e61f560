/**
 * The scan of access log lines in AssemblyScript: `scanAccessLog` of `src/batch/access_scan.ts`, sixteen bytes at a
 * time. It must find what that one finds in any bytes; the words are explained there. `deno task kernels` compiles it.
 *
 * Every function here may read up to 63 bytes past the end of a line, which decides nothing: what is found there is
 * either cut off at the end or a fault already. The input lies last in memory and is followed by that much.
 * @module
 */

/** How many rows the tape has room for. */
export const TAPE_ROWS: i32 = 16_384;
/** How many faults fit; with more of them, the scan returns early and is called again. */
export const FAULT_ROOM: i32 = 1024;
/** How many bytes of input fit. */
export const INPUT_BYTES: i32 = 256 * 1024;

/** Five numbers that outlast a call: offset reached, rows, lines, empty ones; then the faults of the last call. */
export const STATE: usize = 64;
/** Eight offsets a row. */
export const TAPE: usize = 1024;
/** Five numbers a fault: code, place, number of the line, its start, its end. */
export const FAULTS: usize = TAPE + 32 * TAPE_ROWS;
/** The bytes to scan. */
export const INPUT: usize = FAULTS + 20 * FAULT_ROOM;

const NO_TIME: i32 = 1;
const MANY_FIELDS: i32 = 2;
const NO_REQUEST: i32 = 3;
const OPEN_REQUEST: i32 = 4;
const NO_STATUS: i32 = 5;
const NO_SIZE: i32 = 6;
const NO_REFERER: i32 = 7;

const LINE_FEED: u8 = 10;
const CARRIAGE_RETURN: u8 = 13;
const SPACE: u8 = 32;
const QUOTE: u8 = 34;
const DASH: u8 = 45;
const SLASH: u8 = 47;
const ZERO: u8 = 48;
const OPEN: u8 = 91;
const BACKSLASH: u8 = 92;
const CLOSE: u8 = 93;

/** From the opening to the closing bracket of `[17/May/2015:10:05:03 +0000]`. */
const BRACKET_SPAN: usize = 27;
/** The bytes ` - - [`, as of a client that told neither identity nor user, and what a word is masked with to compare. */
const UNKNOWN_USER: u64 = 0x5b20_2d20_2d20;
const SIX_BYTES: u64 = 0xffff_ffff_ffff;
/** The bytes `] "`. */
const CLOSED: u32 = 0x22_205d;
const THREE_BYTES: u32 = 0xff_ffff;

/**
 * Goes on from `STATE` through the first `length` bytes of the input until they end, there are `most` rows or no room
 * for a fault. Offsets on the tape and of faults count from `base` bytes before the input.
 */
export function scan(length: i32, base: i32, most: i32, referer: bool): void {
  const end = INPUT + length;
  const shift = base - <i32> INPUT;
  let at = INPUT + load<i32>(STATE);
  let rows = load<i32>(STATE, 4);
  let lines = load<i32>(STATE, 8);
  let empty = load<i32>(STATE, 12);
  let faults = 0;
  while (at < end && rows < most && faults < FAULT_ROOM) {
    const newline = lineFeed(at, end);
    const returned = newline > at && load<u8>(newline - 1) == CARRIAGE_RETURN;
    const lineEnd = newline - <usize> returned;
    if (lineEnd == at) empty++;
    else {
      const row = TAPE + (rows << 5);
      const fault = scanLine(at, lineEnd, row, shift, referer);
      if (fault == 0) rows++;
      else writeFault(faults++, fault, row, lines, <i32> at + shift, <i32> lineEnd + shift);
    }
    lines++;
    at = newline + 1;
  }
  store<i32>(STATE, <i32> (min(at, end) - INPUT));
  store<i32>(STATE, rows, 4);
  store<i32>(STATE, lines, 8);
  store<i32>(STATE, empty, 12);
  store<i32>(STATE, faults, 16);
}

function writeFault(index: i32, code: i32, row: usize, line: i32, start: i32, end: i32): void {
  const fault = FAULTS + 20 * index;
  store<i32>(fault, code);
  store<i32>(fault, load<i32>(row), 4);
  store<i32>(fault, line, 8);
  store<i32>(fault, start, 12);
  store<i32>(fault, end, 16);
}

/** Scans one line onto the tape at `row`. Gives 0, or the fault, with its place in the row's first slot. */
function scanLine(start: usize, end: usize, row: usize, shift: i32, referer: bool): i32 {
  const ipEnd = find(start, end, SPACE);
  if (ipEnd == start) return faultAt(row, start, shift, NO_TIME);
  let identEnd = ipEnd + 2;
  let userEnd = ipEnd + 4;
  if (ipEnd + 5 >= end || (load<u64>(ipEnd) & SIX_BYTES) != UNKNOWN_USER) {
    identEnd = find(ipEnd + 1, end, SPACE);
    const user = identEnd + 1;
    userEnd = findOpening(user, end);
    if (userEnd + 1 >= end || identEnd == ipEnd + 1) return faultAt(row, start, shift, NO_TIME);
    if (userEnd > user + 1 && load<u8>(user) == DASH && load<u8>(user, 1) == SPACE) {
      return faultAt(row, start, shift, MANY_FIELDS);
    }
  }
  const timeEnd = bracketEnd(userEnd + 1, end);
  if (timeEnd == 0) return faultAt(row, userEnd + 1, shift, NO_REQUEST);
  const requestEnd = closingQuote(timeEnd + 3, end);
  if (requestEnd == end) return faultAt(row, timeEnd + 3, shift, OPEN_REQUEST);
  const size = statusEnd(requestEnd + 1, end) + 1;
  if (size == 1) return faultAt(row, requestEnd + 2, shift, NO_STATUS);
  const sizeEnd = sizeEndOf(size, end);
  if (sizeEnd == 0) return faultAt(row, size, shift, NO_SIZE);
  if (referer && (sizeEnd + 1 >= end || load<u8>(sizeEnd, 1) != QUOTE)) {
    return faultAt(row, sizeEnd + 1, shift, NO_REFERER);
  }
  store<i32>(row, <i32> start + shift);
  store<i32>(row, <i32> ipEnd + shift, 4);
  store<i32>(row, <i32> identEnd + shift, 8);
  store<i32>(row, <i32> userEnd + shift, 12);
  store<i32>(row, <i32> timeEnd + shift, 16);
  store<i32>(row, <i32> requestEnd + shift, 20);
  store<i32>(row, <i32> sizeEnd + shift, 24);
  store<i32>(row, <i32> end + shift, 28);
  return 0;
}

function faultAt(row: usize, at: usize, shift: i32, fault: i32): i32 {
  store<i32>(row, <i32> at + shift);
  return fault;
}

/** The first line feed at or after `at`, or `end`. Lines are long, so four vectors a turn. */
function lineFeed(at: usize, end: usize): usize {
  const wanted = i8x16.splat(LINE_FEED);
  while (at < end) {
    const first = i8x16.eq(v128.load(at), wanted);
    const second = i8x16.eq(v128.load(at, 16), wanted);
    const third = i8x16.eq(v128.load(at, 32), wanted);
    const fourth = i8x16.eq(v128.load(at, 48), wanted);
    if (v128.any_true(v128.or(v128.or(first, second), v128.or(third, fourth)))) {
      const low = <u64> i8x16.bitmask(first) | <u64> i8x16.bitmask(second) << 16;
      const high = <u64> i8x16.bitmask(third) | <u64> i8x16.bitmask(fourth) << 16;
      return min(at + <usize> ctz(low | high << 32), end);
    }
    at += 64;
  }
  return end;
}

/** The first `byte` at or after `at`, or `end`, or `at` when that is past it. */
function find(at: usize, end: usize, byte: u8): usize {
  const wanted = i8x16.splat(byte);
  while (at < end) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(at), wanted));
    if (found != 0) return min(at + ctz(found), end);
    at += 16;
  }
  return at;
}

/** The first ` [` at or after `at`; past `end - 2` when there is none before it. */
function findOpening(at: usize, end: usize): usize {
  const space = i8x16.splat(SPACE);
  const open = i8x16.splat(OPEN);
  while (at < end) {
    const spaces = i8x16.eq(v128.load(at), space);
    const found = i8x16.bitmask(v128.and(spaces, i8x16.eq(v128.load(at, 1), open)));
    if (found != 0) return at + ctz(found);
    at += 16;
  }
  return at;
}

/** The closing bracket to the opening one at `open`, when a quoted request follows; else 0. */
function bracketEnd(open: usize, end: usize): usize {
  const usual = open + BRACKET_SPAN;
  if (
    usual + 2 < end && (load<u32>(usual) & THREE_BYTES) == CLOSED &&
    load<u8>(open, 3) == SLASH && load<u8>(open, 7) == SLASH
  ) return usual;
  const close = find(open + 1, end, CLOSE);
  return close + 2 < end && (load<u32>(close) & THREE_BYTES) == CLOSED ? close : 0;
}

/** The first quote at or after `at` that no backslash escapes, or `end`. */
function closingQuote(at: usize, end: usize): usize {
  const quote = i8x16.splat(QUOTE);
  const backslash = i8x16.splat(BACKSLASH);
  while (at < end) {
    const bytes = v128.load(at);
    const either = v128.or(i8x16.eq(bytes, quote), i8x16.eq(bytes, backslash));
    const found = i8x16.bitmask(either);
    if (found == 0) at += 16;
    else {
      at += ctz(found);
      if (load<u8>(at) == QUOTE) return min(at, end);
      at += 2;
    }
  }
  return end;
}

/** Where a space, three digits or `-`, and a space end, at that space; else 0. */
function statusEnd(at: usize, end: usize): usize {
  if (load<u8>(at) != SPACE) return 0;
  if (load<u8>(at, 1) == DASH) return at + 2 < end && load<u8>(at, 2) == SPACE ? at + 2 : 0;
  if (at + 4 >= end || load<u8>(at, 4) != SPACE) return 0;
  const digits = isDigit(load<u8>(at, 1)) && isDigit(load<u8>(at, 2)) && isDigit(load<u8>(at, 3));
  return digits ? at + 4 : 0;
}

function isDigit(byte: u8): bool {
  return <u32> byte - ZERO <= 9;
}

/** Where digits or `-` end, before a space or the end of the line; else 0. */
function sizeEndOf(size: usize, end: usize): usize {
  const at = load<u8>(size) == DASH ? size + 1 : digitsEnd(size, end);
  return at > size && at <= end && (at == end || load<u8>(at) == SPACE) ? at : 0;
}

/** The first byte at or after `at` that is no digit, or `end`. */
function digitsEnd(at: usize, end: usize): usize {
  const zero = i8x16.splat(ZERO);
  const nine = i8x16.splat(9);
  while (at < end) {
    const others = i8x16.bitmask(i8x16.gt_u(i8x16.sub(v128.load(at), zero), nine));
    if (others != 0) return min(at + ctz(others), end);
    at += 16;
  }
  return end;
}
