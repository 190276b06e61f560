/**
 * The scan of separated values in AssemblyScript: `RecordScanner` of `src/batch/csv_scan.ts`, 64 bytes at a time. It must
 * find what that one finds in any bytes that are not the upload's last; the words are explained there. Part of
 * `columns.kernel.ts`.
 *
 * Up to 127 bytes past the end of the input may be read, which decides nothing: what is found there is cut off.
 *
 * Separators and line feeds, the marks, are first listed for a window of the input. Where a window holds no quote, rows
 * that follow each other are copied from that list a column at a time; any other record is read by itself.
 * @module
 */

import {
  DOUBLED,
  FAULT_ROOM,
  FAULTS,
  FEEDS,
  INPUT,
  MARKS,
  STATE,
  TAPE,
  WANTED,
  WINDOW_BYTES,
} from "./layout.kernel";

/** Behind the last entry of a list. */
const LAST: u32 = 0xffff_ffff;
const LINE_FEED: u8 = 10;
const CARRIAGE_RETURN: u8 = 13;

let end: usize = 0;
let quote: i32 = -1;
let separators: v128 = i8x16.splat(0);
/** The next of the listed marks, the next of the listed line feeds where they are listed, and the window they are of. */
let ahead: usize = 0;
let feedAhead: usize = 0;
let marked: usize = 0;
let unmarked: usize = 0;
/** Where the list of marks ends, how many line feeds of it are ahead at the most, and whether these are listed. */
let marksEnd: usize = 0;
let feedsAhead: i32 = 0;
let listed: bool = false;
/** Whether the window holds no quote, and whether it holds a carriage return. */
let plain: bool = false;
let returns: bool = false;
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
  fillMarks(at);
  while (rows < room && faults < FAULT_ROOM) {
    if (plain && fields > 1) {
      const count = rowsAhead(fields, room - rows);
      if (count != 0) {
        at = copyRows(rows, count, fields, <usize> room << 2, shift);
        rows += count;
        records += count;
        lines += count;
        continue;
      }
    }
    const through = listed
      ? load<u32>(feedAhead) == LAST
      : ahead >= marksEnd || (plain && feedsAhead == 0);
    if (through) {
      if (plain && unmarked >= end) break;
      if (at > marked && unmarked < end) {
        fillMarks(at);
        continue;
      }
    }
    const stop = record(at, TAPE + (rows << 2), <usize> room << 2, shift);
    if (stop == 0) break;
    if (listed) passFeeds();
    if (found != 1 || lastEnd != at) {
      records++;
      if (found == fields) rows++;
      else writeFault(faults++, lines, at, stop, shift);
    }
    lines += feeds;
    at = stop;
  }
  writeState(<i32> (at - INPUT), rows, records, lines, faults);
}

function writeState(reached: i32, rows: i32, records: i32, lines: i32, faults: i32): void {
  store<i32>(STATE, reached);
  store<i32>(STATE, rows, 4);
  store<i32>(STATE, records, 8);
  store<i32>(STATE, lines, 12);
  store<i32>(STATE, faults, 16);
}

/** How many records of so many fields follow each other in the list, `most` at the most. */
function rowsAhead(fields: i32, most: i32): i32 {
  const stride = <u32> fields << 2;
  if (!listed) {
    const run = evenRows(stride);
    if (run == feedsAhead) return min(run, most);
    listFeeds();
  }
  let wanted = <u32> ahead + stride;
  let feed = feedAhead;
  const stop = feedAhead + (<usize> most << 2);
  while (feed < stop && load<u32>(feed) == wanted) {
    feed += 4;
    wanted += stride;
  }
  return <i32> (feed - feedAhead >> 2);
}

/** How many times, from the next mark on, the last mark of a record is a line feed. Where these are all line feeds, they are rows. */
function evenRows(stride: usize): i32 {
  let mark = ahead + stride - 4;
  let run = 0;
  while (mark < marksEnd && load<u8>(load<u32>(mark)) == LINE_FEED) {
    mark += stride;
    run++;
  }
  return run;
}

/** Writes so many listed records of `fields` fields each as rows from `row` on; gives the offset behind them. */
function copyRows(row: i32, count: i32, fields: i32, stride: usize, shift: i32): usize {
  const step = <usize> fields << 2;
  const stop = ahead + <usize> count * step;
  let column = TAPE + (<usize> row << 2);
  let from = ahead;
  const pairs = fields == 2 && !returns && load<i32>(WANTED) == 0 && load<i32>(WANTED, 4) == 1;
  if (pairs) {
    from = copyPairs(column, stop, stride, shift);
    column += from - ahead >> 1;
  }
  for (let wanted = WANTED; load<i32>(wanted) >= 0; wanted += 4) {
    const place = load<i32>(wanted);
    const trims = returns && place == fields - 1;
    let slot = column;
    for (let mark = from + (<usize> place << 2); mark < stop; mark += step) {
      const first = load<u32>(mark - 4) + 1;
      let to = load<u32>(mark);
      if (trims && to > first && load<u8>(to - 1) == CARRIAGE_RETURN) to--;
      store<i32>(slot, first == to ? -1 : <i32> first + shift);
      store<i32>(slot + stride, <i32> to + shift);
      slot += 4;
    }
    column += stride << 1;
  }
  ahead = stop;
  feedsAhead -= count;
  if (listed) feedAhead += <usize> count << 2;
  return <usize> load<u32>(stop - 4) + 1;
}

/** Writes the marks before `stop` as records of two fields, four at a time; gives the first mark that is left. */
function copyPairs(column: usize, stop: usize, stride: usize, shift: i32): usize {
  const moved = i32x4.splat(shift);
  const behind = i32x4.splat(shift + 1);
  let slot = column;
  let mark = ahead;
  for (; mark + 32 <= stop; mark += 32) {
    const before = v128.shuffle<i32>(v128.load(mark - 4), v128.load(mark + 12), 0, 2, 4, 6);
    const low = v128.load(mark);
    const high = v128.load(mark + 16);
    const middle = v128.shuffle<i32>(low, high, 0, 2, 4, 6);
    writeCells(slot, stride, i32x4.add(before, behind), i32x4.add(middle, moved));
    const last = v128.shuffle<i32>(low, high, 1, 3, 5, 7);
    const second = slot + (stride << 1);
    writeCells(second, stride, i32x4.add(middle, behind), i32x4.add(last, moved));
    slot += 16;
  }
  return mark;
}

/** Writes four starts and ends; where both are the same, the field is empty. */
function writeCells(slot: usize, stride: usize, from: v128, to: v128): void {
  v128.store(slot, v128.or(from, i32x4.eq(from, to)));
  v128.store(slot + stride, to);
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
  let mark = ahead;
  feeds = 1;
  do {
    from = at + 1;
    const quoted = <i32> load<u8>(from) == quote;
    if (quoted) {
      ahead = mark;
      at = quotedField(from);
      if (at == 0) return 0;
      if (stray != 0) return at + 1;
      mark = ahead;
      textEnd = closed;
      feed = load<u8>(at) == LINE_FEED;
    } else {
      at = <usize> load<u32>(mark);
      if (at >= end) {
        at = refilledMark();
        mark = MARKS;
        if (at >= end) return 0;
      }
      mark += 4;
      feed = load<u8>(at) == LINE_FEED;
      textEnd = at - <usize> (feed && at > from && load<u8>(at - 1) == CARRIAGE_RETURN);
    }
    if (count == next) {
      writeField(column, stride, from, textEnd, quoted, shift);
      if (quoted && twice) store<u8>(DOUBLED + (wanted - WANTED >> 2), 1);
      column += stride << 1;
      wanted += 4;
      next = load<i32>(wanted);
    }
    count++;
  } while (!feed);
  ahead = mark;
  found = count;
  lastEnd = textEnd;
  return at + 1;
}

/** The next mark behind the window, which is then listed first; past the end when there is none. */
function refilledMark(): usize {
  let at = <usize> LAST;
  while (at >= end && unmarked < end) {
    fillMarks(unmarked);
    at = <usize> load<u32>(MARKS);
  }
  return at;
}

function writeField(
  place: usize,
  stride: usize,
  from: usize,
  textEnd: usize,
  quoted: bool,
  shift: i32,
): void {
  store<i32>(place, textEnd == from ? -1 : <i32> (from + <usize> quoted) + shift);
  store<i32>(place + stride, <i32> (textEnd - <usize> quoted) + shift);
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
  if (at >= unmarked) fillMarks(at + 1);
  else while (<usize> load<u32>(ahead) <= at) ahead += 4;
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

/** Lists the marks of the window that begins at `from`, and counts its line feeds. */
function fillMarks(from: usize): void {
  const stop = min(end, from + WINDOW_BYTES);
  const quotes = i8x16.splat(<i8> quote);
  const carriageReturns = i8x16.splat(CARRIAGE_RETURN);
  const lineEnds = i8x16.splat(LINE_FEED);
  let odd = i8x16.splat(0);
  let turned = i8x16.splat(0);
  let list = MARKS;
  let count = 0;
  store<u32>(MARKS - 4, <u32> (from - 1));
  for (let at = from; at < stop; at += 64) {
    const first = v128.load(at);
    const second = v128.load(at, 16);
    const third = v128.load(at, 32);
    const fourth = v128.load(at, 48);
    odd = v128.or(odd, Bytes.any(first, second, third, fourth, quotes));
    turned = v128.or(turned, Bytes.any(first, second, third, fourth, carriageReturns));
    let lineFeeds = Bytes.equal(first, second, third, fourth, lineEnds);
    let marks = lineFeeds | Bytes.equal(first, second, third, fourth, separators);
    const tail = end - at;
    if (tail < 64) {
      const inside = ((<u64> 1) << tail) - 1;
      marks &= inside;
      lineFeeds &= inside;
    }
    count += <i32> popcnt(lineFeeds);
    listMarks(list, marks, at);
    list += <usize> popcnt(marks) << 2;
  }
  store<u32>(list, LAST);
  plain = quote < 0 || !v128.any_true(odd);
  returns = v128.any_true(turned);
  ahead = MARKS;
  marked = from;
  unmarked = from + WINDOW_BYTES;
  marksEnd = list;
  feedsAhead = count;
  listed = false;
}

/** Lists the line feeds ahead: where not all records of a window are rows, some may follow each other. */
function listFeeds(): void {
  let list = FEEDS;
  for (let mark = ahead; mark < marksEnd; mark += 4) {
    store<u32>(list, <u32> mark + 4);
    list += <usize> (load<u8>(load<u32>(mark)) == LINE_FEED) << 2;
  }
  store<u32>(list, LAST);
  feedAhead = FEEDS;
  listed = true;
}

/** Leaves out the listed line feeds that have been passed. */
function passFeeds(): void {
  while (load<u32>(feedAhead) <= <u32> ahead) feedAhead += 4;
}

/** Writes the offsets of some marks from `at` on to the list, and numbers that mean nothing behind them. */
function listMarks(list: usize, marks: u64, at: usize): void {
  let left = marks;
  let next = list;
  do {
    store<u32>(next, <u32> (at + <usize> ctz(left)));
    left &= left - 1;
    store<u32>(next, <u32> (at + <usize> ctz(left)), 4);
    left &= left - 1;
    store<u32>(next, <u32> (at + <usize> ctz(left)), 8);
    left &= left - 1;
    store<u32>(next, <u32> (at + <usize> ctz(left)), 12);
    left &= left - 1;
    store<u32>(next, <u32> (at + <usize> ctz(left)), 16);
    left &= left - 1;
    store<u32>(next, <u32> (at + <usize> ctz(left)), 20);
    left &= left - 1;
    next += 24;
  } while (left != 0);
}

/** What is done with 64 bytes at a time, compiled into the loop. */
class Bytes {
  /** A bit for each byte that is `wanted`. */
  @inline
  static equal(first: v128, second: v128, third: v128, fourth: v128, wanted: v128): u64 {
    const low = i8x16.bitmask(i8x16.eq(first, wanted)) |
      i8x16.bitmask(i8x16.eq(second, wanted)) << 16;
    const high = i8x16.bitmask(i8x16.eq(third, wanted)) |
      i8x16.bitmask(i8x16.eq(fourth, wanted)) << 16;
    return <u64> <u32> low | <u64> <u32> high << 32;
  }

  /** Not zero when any byte is `wanted`. */
  @inline
  static any(first: v128, second: v128, third: v128, fourth: v128, wanted: v128): v128 {
    const low = v128.or(i8x16.eq(first, wanted), i8x16.eq(second, wanted));
    return v128.or(low, v128.or(i8x16.eq(third, wanted), i8x16.eq(fourth, wanted)));
  }
}
