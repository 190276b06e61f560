/**
 * One line of an access log, whatever is in it: `scanLine` of `src/batch/access_scan.ts`, sixteen bytes at a time. Part of
 * `access_log.kernel.ts`.
 *
 * Every function here may read up to 63 bytes past the end of a line, which decides nothing: what is found there is
 * either cut off at the end or a fault already.
 * @module
 */

import { BACKSLASH, CLOSE, DASH, OPEN, QUOTE, SLASH, SPACE, ZERO } from "./access_layout.kernel";

const NO_TIME: i32 = 1;
const MANY_FIELDS: i32 = 2;
const NO_REQUEST: i32 = 3;
const OPEN_REQUEST: i32 = 4;
const NO_STATUS: i32 = 5;
const NO_SIZE: i32 = 6;
const NO_REFERER: i32 = 7;

/** From the opening to the closing bracket of `[17/May/2015:10:05:03 +0000]`. */
const BRACKET_SPAN: usize = 27;
/** The bytes ` - - [`, as of a client that told neither identity nor user, and what a word is masked with to compare. */
const UNKNOWN_USER: u64 = 0x5b20_2d20_2d20;
const SIX_BYTES: u64 = 0xffff_ffff_ffff;
/** The bytes `] "`. */
const CLOSED: u32 = 0x22_205d;
const THREE_BYTES: u32 = 0xff_ffff;

/** Scans any line onto the tape at `row`. Gives 0, or the fault, with its place in the row's first slot. */
export function scanLine(start: usize, end: usize, row: usize, shift: i32, referer: bool): i32 {
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
export function closingQuote(at: usize, end: usize): usize {
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
