/**
 * The scan of separated values in AssemblyScript: `RecordScanner` of `src/batch/csv_scan.ts`, 64 bytes at a time. It must
 * find what that one finds in any bytes that are not the upload's last; the words are explained there. `deno task kernels`
 * compiles it.
 *
 * Up to 127 bytes past the end of the input may be read, which decides nothing: what is found there is cut off.
 * @module
 */

/** How many numbers the tape has room for. */
export const TAPE_NUMBERS: i32 = 131_072;
/** How many faults fit; with more of them, the scan returns early and is called again. */
export const FAULT_ROOM: i32 = 1024;
/** How many bytes of input fit. */
export const INPUT_BYTES: i32 = 256 * 1024;
/** How many fields of a record can be wanted. */
export const MOST_WANTED: i32 = 1024;

/** Five numbers that outlast a call: offset reached, rows, records, line feeds; then the faults of the last call. */
export const STATE: usize = 64;
/** The places of the wanted fields, ascending, and -1 behind them. */
export const WANTED: usize = 128;
/** For each wanted field a byte, 1 when it holds doubled quotes. */
export const DOUBLED: usize = 4480;
/** Five numbers a fault: the fields found, or -1 and the place of what is wrong; line, start, start of the next record. */
export const FAULTS: usize = 5632;
/** For each wanted field its starts, then its ends, with room for so many rows as the call says. */
export const TAPE: usize = FAULTS + 20 * FAULT_ROOM;
/** The bytes to scan. */
export const INPUT: usize = TAPE + 4 * TAPE_NUMBERS;

const LINE_FEED: u8 = 10;
const CARRIAGE_RETURN: u8 = 13;
const ALL_BITS: u64 = 0xffff_ffff_ffff_ffff;

let end: usize = 0;
let quote: i32 = -1;
let separators: v128 = i8x16.splat(0);
/** The bytes of which the marks are known, from `block` on: a bit for each separator and line feed not yet passed. */
let block: usize = 0;
let marks: u64 = 0;
/** Of the record in hand: fields found, or -1; line feeds; what stands behind a closing quote; where its last text ends. */
let found: i32 = 0;
let feeds: i32 = 0;
let stray: usize = 0;
let lastEnd: usize = 0;
/** Of a field in quotes: where its closing quote ends, and whether any quote in it is doubled. */
let closed: usize = 0;
let twice: bool = false;

/**
 * Goes on from `STATE` through the first `length` bytes of the input until no whole record is left, there are `room` rows
 * or no room for a fault. Offsets on the tape and of faults count from `base` bytes before the input.
 */
export function scan(
  length: i32,
  base: i32,
  fields: i32,
  room: i32,
  separator: i32,
  quoteByte: i32,
): void {
  end = INPUT + length;
  quote = quoteByte;
  separators = i8x16.splat(<i8> separator);
  const shift = base - <i32> INPUT;
  let at = INPUT + load<i32>(STATE);
  let rows = load<i32>(STATE, 4);
  let records = load<i32>(STATE, 8);
  let lines = load<i32>(STATE, 12);
  let faults = 0;
  block = at;
  marks = marksOf(at);
  while (rows < room && faults < FAULT_ROOM) {
    const stop = record(at, TAPE + (rows << 2), <usize> room << 2, shift);
    if (stop == 0) break;
    if (found != 1 || lastEnd != at) {
      records++;
      if (found == fields) rows++;
      else writeFault(faults++, lines, at, stop, shift);
    }
    lines += feeds;
    at = stop;
  }
  store<i32>(STATE, <i32> (at - INPUT));
  store<i32>(STATE, rows, 4);
  store<i32>(STATE, records, 8);
  store<i32>(STATE, lines, 12);
  store<i32>(STATE, faults, 16);
}

function writeFault(index: i32, line: i32, start: usize, stop: usize, shift: i32): void {
  const fault = FAULTS + 20 * index;
  store<i32>(fault, found);
  store<i32>(fault, found < 0 ? <i32> stray + shift : 0, 4);
  store<i32>(fault, line, 8);
  store<i32>(fault, <i32> start + shift, 12);
  store<i32>(fault, <i32> stop + shift, 16);
}

/** Reads the record at `start` onto the tape at `row`; gives the offset behind it, 0 when it is not whole. */
function record(start: usize, row: usize, stride: usize, shift: i32): usize {
  let at = start - 1;
  let count = 0;
  let wanted = WANTED;
  let next = load<i32>(wanted);
  let column = row;
  let textEnd: usize = 0;
  let from: usize = 0;
  let feed = false;
  let known = block;
  let ahead = marks;
  feeds = 1;
  do {
    from = at + 1;
    const quoted = <i32> load<u8>(from) == quote;
    if (quoted) {
      block = known;
      marks = ahead;
      at = quotedField(from);
      if (at == 0) return 0;
      if (stray != 0) return at + 1;
      known = block;
      ahead = marks;
      textEnd = closed;
      feed = load<u8>(at) == LINE_FEED;
    } else {
      while (ahead == 0) {
        known += 64;
        if (known >= end) return 0;
        ahead = marksOf(known);
      }
      at = known + <usize> ctz(ahead);
      if (at >= end) return 0;
      ahead &= ahead - 1;
      feed = load<u8>(at) == LINE_FEED;
      textEnd = at - <usize> (feed && at > from && load<u8>(at - 1) == CARRIAGE_RETURN);
    }
    if (count == next) {
      store<i32>(column, textEnd == from ? -1 : <i32> (from + <usize> quoted) + shift);
      store<i32>(column + stride, <i32> (textEnd - <usize> quoted) + shift);
      if (quoted && twice) store<u8>(DOUBLED + (wanted - WANTED >> 2), 1);
      column += stride << 1;
      wanted += 4;
      next = load<i32>(wanted);
    }
    count++;
  } while (!feed);
  block = known;
  marks = ahead;
  found = count;
  lastEnd = textEnd;
  return at + 1;
}

/** The separator or line feed behind the field with an opening quote at `from`, passed; 0 when the record is not whole. */
function quotedField(from: usize): usize {
  closed = closing(from + 1);
  if (closed >= end) return 0;
  let at = closed;
  stray = 0;
  if (load<u8>(at) == CARRIAGE_RETURN) {
    if (at + 1 >= end) return 0;
    if (load<u8>(at, 1) == LINE_FEED) at++;
  }
  const byte = load<u8>(at);
  if (byte != LINE_FEED && byte != <u8> i8x16.extract_lane_u(separators, 0)) {
    stray = closed;
    found = -1;
    at = lineFeed(at);
    if (at >= end) return 0;
  }
  pass(at);
  return at;
}

/** The offset behind the quote that closes the field whose text begins at `at`; `end` or more when there is none. */
function closing(at: usize): usize {
  const quotes = i8x16.splat(<i8> quote);
  const lineFeeds = i8x16.splat(LINE_FEED);
  twice = false;
  while (at < end) {
    const bytes = v128.load(at);
    const mask = i8x16.bitmask(i8x16.eq(bytes, quotes));
    const inner = i8x16.bitmask(i8x16.eq(bytes, lineFeeds));
    if (mask == 0) {
      feeds += popcnt(inner);
      at += 16;
      continue;
    }
    const before = ctz(mask);
    feeds += popcnt(inner & ((1 << before) - 1));
    at += before + 1;
    if (at >= end || <i32> load<u8>(at) != quote) return at;
    twice = true;
    at++;
  }
  return end;
}

/** Takes the marks up to `at` as passed. */
function pass(at: usize): void {
  if (at + 1 >= block + 64) {
    block = at + 1;
    marks = marksOf(block);
  } else marks &= ALL_BITS << (at + 1 - block);
}

/** The first line feed at or after `at`; `end` or more when there is none. */
function lineFeed(at: usize): usize {
  const wanted = i8x16.splat(LINE_FEED);
  while (at < end) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(at), wanted));
    if (mask != 0) return at + ctz(mask);
    at += 16;
  }
  return end;
}

/** The marks of 64 bytes. */
function marksOf(at: usize): u64 {
  return marksOfPart(at) | marksOfPart(at + 16) << 16 | marksOfPart(at + 32) << 32 |
    marksOfPart(at + 48) << 48;
}

function marksOfPart(at: usize): u64 {
  const bytes = v128.load(at);
  const lineFeeds = i8x16.eq(bytes, i8x16.splat(LINE_FEED));
  return <u64> i8x16.bitmask(v128.or(i8x16.eq(bytes, separators), lineFeeds));
}
