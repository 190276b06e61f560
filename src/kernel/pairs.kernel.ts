/**
 * The scan of logfmt and LTSV in AssemblyScript: `PairScanner` of `src/batch/pair_scan.ts`, sixteen bytes at a time. It must
 * find what that one finds in any bytes, and leave the same lines; the words are explained there. `deno task kernels`
 * compiles it.
 *
 * A line feed is put behind the input, and up to 64 bytes past it are read, which decides nothing.
 * @module
 */

/** How many numbers the tape has room for. */
export const TAPE_NUMBERS: i32 = 131_072;
/** How many bytes of input fit. */
export const INPUT_BYTES: i32 = 256 * 1024;
/** How many keys fit. */
export const MOST_KEYS: i32 = 64;
/** How many bytes a key can have. */
export const MOST_KEY_BYTES: i32 = 64;

/**
 * Numbers that outlast a call: offset reached, rows, lines, empty ones; then whether the line there is left, and its end.
 */
export const STATE: usize = 64;
/** For each key two bytes: whether it stands alone in any row, and whether any value is more than ASCII. */
export const FLAGS: usize = 128;
/** The keys, 128 bytes each: its length at 0, its bytes at 64, filled up with zeros. */
export const KEYS: usize = 1024;
/** For each key its starts, then its ends, with room for so many rows as the call says. */
export const TAPE: usize = KEYS + 128 * 64;
/** The bytes to scan. */
export const INPUT: usize = TAPE + 4 * TAPE_NUMBERS;

const NO_VALUE: i32 = -1;
const BARE: i32 = -2;

const TAB: u8 = 9;
const LINE_FEED: u8 = 10;
const CARRIAGE_RETURN: u8 = 13;
const SPACE: u8 = 32;
const QUOTE: u8 = 34;
const COLON: u8 = 58;
const EQUALS: u8 = 61;
const BACKSLASH: u8 = 92;

let keys: i32 = 0;
let stride: usize = 0;
let shift: i32 = 0;
/** Bytes of 0x80 for the places of a word that are more than ASCII, of the last search. */
let wide: bool = false;

/**
 * Goes on from `STATE` through the first `length` bytes of the input until they end, there are `room` rows, or a line is
 * left. Offsets on the tape count from `base` bytes before the input.
 */
export function scan(length: i32, base: i32, room: i32, keyCount: i32, ltsv: bool): void {
  const end = INPUT + length;
  shift = base - <i32> INPUT;
  keys = keyCount;
  stride = <usize> room << 2;
  store<u8>(end, LINE_FEED);
  let at = INPUT + load<i32>(STATE);
  let rows = load<i32>(STATE, 4);
  let lines = load<i32>(STATE, 8);
  let empty = load<i32>(STATE, 12);
  let left = false;
  while (at < end && rows < room && !left) {
    const returned = <usize> (load<u8>(at) == CARRIAGE_RETURN);
    if (load<u8>(at + returned) == LINE_FEED) {
      empty++;
      lines++;
      at += returned + 1;
      continue;
    }
    const row = TAPE + (rows << 2);
    const feed = ltsv ? ltsvLine(at, row) : logfmtLine(at, row);
    if (feed == 0) {
      left = true;
      const stop = lineFeed(at);
      store<i32>(STATE, <i32> (stop - INPUT), 20);
    } else {
      rows++;
      lines++;
      at = feed + 1;
    }
  }
  store<i32>(STATE, <i32> (min(at, end) - INPUT));
  store<i32>(STATE, rows, 4);
  store<i32>(STATE, lines, 8);
  store<i32>(STATE, empty, 12);
  store<i32>(STATE, left, 16);
}

/** The line feed that ends the line of logfmt at `start`; 0 when it is left. */
function logfmtLine(start: usize, row: usize): usize {
  clear(row);
  let at = start;
  let pairs = 0;
  while (true) {
    while (load<u8>(at) <= SPACE && load<u8>(at) != LINE_FEED) at++;
    if (load<u8>(at) == LINE_FEED) return pairs > 0 ? at : 0;
    pairs++;
    const keyEnd = wordEnd(at);
    if (keyEnd == at || wide) return 0;
    const slot = slotOf(at, keyEnd);
    const byte = load<u8>(keyEnd);
    if (byte == QUOTE) return 0;
    if (byte != EQUALS) {
      if (slot >= 0) keepBare(slot, row, keyEnd);
      at = keyEnd;
    } else if (load<u8>(keyEnd, 1) == QUOTE) {
      const close = quotedEnd(keyEnd + 2);
      if (close == 0) return 0;
      if (slot >= 0) keep(slot, row, keyEnd + 2, close, false);
      at = close + 1;
    } else {
      at = wordEnd(keyEnd + 1);
      if (load<u8>(at) > SPACE) return 0;
      if (slot >= 0) keep(slot, row, keyEnd + 1, at, true);
    }
  }
}

/** The line feed that ends the line of LTSV at `start`; 0 when it is left. */
function ltsvLine(start: usize, row: usize): usize {
  clear(row);
  let at = start;
  while (true) {
    const colon = fieldEnd(at, COLON);
    const byte = load<u8>(colon);
    if (byte == COLON) {
      if (colon == at || wide) return 0;
      const slot = slotOf(at, colon);
      const stop = fieldEnd(colon + 1, TAB);
      const last = load<u8>(stop) == LINE_FEED;
      const trimmed = last && load<u8>(stop - 1) == CARRIAGE_RETURN;
      if (slot >= 0) keep(slot, row, colon + 1, stop - <usize> trimmed, true);
      if (last) return stop;
      at = stop + 1;
      continue;
    }
    const last = byte == LINE_FEED;
    const trimmed = last && colon > at && load<u8>(colon - 1) == CARRIAGE_RETURN;
    if (colon - <usize> trimmed != at) return 0;
    if (last) return colon;
    at = colon + 1;
  }
}

function clear(row: usize): void {
  let place = row;
  for (let key = 0; key < keys; key++) {
    store<i32>(place, NO_VALUE);
    store<i32>(place + stride, NO_VALUE);
    place += stride << 1;
  }
}

/** Which of the keys `[start, end)` is; -1 when it is none. */
function slotOf(start: usize, end: usize): i32 {
  const size = <i32> (end - start);
  let key = KEYS;
  for (let slot = 0; slot < keys; slot++) {
    if (load<i32>(key) == size && equals(start, key + 64, size)) return slot;
    key += 128;
  }
  return -1;
}

function equals(at: usize, key: usize, size: i32): bool {
  for (let done = 0; done < size; done += 16) {
    const same = i8x16.bitmask(i8x16.eq(v128.load(at + done), v128.load(key + done)));
    const counted = size - done < 16 ? (1 << size - done) - 1 : 0xffff;
    if ((same & counted) != counted) return false;
  }
  return true;
}

function keepBare(slot: i32, row: usize, end: usize): void {
  const place = row + <usize> slot * (stride << 1);
  store<i32>(place, BARE);
  store<i32>(place + stride, <i32> end + shift);
  store<u8>(FLAGS + (slot << 1), 1);
}

/** Keeps a value, which is none where it is empty and `plain`. */
function keep(slot: i32, row: usize, start: usize, end: usize, plain: bool): void {
  const place = row + <usize> slot * (stride << 1);
  store<i32>(place, plain && start == end ? NO_VALUE : <i32> start + shift);
  store<i32>(place + stride, <i32> end + shift);
  if (!isAscii(start, end)) store<u8>(FLAGS + (slot << 1), 1, 1);
}

function isAscii(start: usize, end: usize): bool {
  let at = start;
  while (at < end) {
    const high = i8x16.bitmask(v128.load(at));
    const left = end - at;
    if (left < 16) return (high & (1 << <i32> left) - 1) == 0;
    if (high != 0) return false;
    at += 16;
  }
  return true;
}

/** The next byte at or after `at` that no word holds; `wide` tells whether the word is more than ASCII. */
function wordEnd(start: usize): usize {
  const space = i8x16.splat(SPACE);
  const equal = i8x16.splat(EQUALS);
  const quote = i8x16.splat(QUOTE);
  wide = false;
  let at = start;
  while (true) {
    const bytes = v128.load(at);
    const marks = v128.or(i8x16.eq(bytes, equal), i8x16.eq(bytes, quote));
    const found = i8x16.bitmask(v128.or(marks, i8x16.le_u(bytes, space)));
    const high = i8x16.bitmask(bytes);
    if (found != 0) {
      if ((high & (found & -found) - 1) != 0) wide = true;
      return at + ctz(found);
    }
    if (high != 0) wide = true;
    at += 16;
  }
}

/** The next tab, line feed or `other` at or after `at`; `wide` as for words. */
function fieldEnd(start: usize, other: u8): usize {
  const tab = i8x16.splat(TAB);
  const feed = i8x16.splat(LINE_FEED);
  const third = i8x16.splat(other);
  wide = false;
  let at = start;
  while (true) {
    const bytes = v128.load(at);
    const marks = v128.or(i8x16.eq(bytes, tab), i8x16.eq(bytes, feed));
    const found = i8x16.bitmask(v128.or(marks, i8x16.eq(bytes, third)));
    const high = i8x16.bitmask(bytes);
    if (found != 0) {
      if ((high & (found & -found) - 1) != 0) wide = true;
      return at + ctz(found);
    }
    if (high != 0) wide = true;
    at += 16;
  }
}

/** The closing quote at or after `at`; 0 when the line ends before it, or anything is escaped. */
function quotedEnd(start: usize): usize {
  const quote = i8x16.splat(QUOTE);
  const feed = i8x16.splat(LINE_FEED);
  const backslash = i8x16.splat(BACKSLASH);
  let at = start;
  while (true) {
    const bytes = v128.load(at);
    const ends = v128.or(i8x16.eq(bytes, feed), i8x16.eq(bytes, backslash));
    const found = i8x16.bitmask(v128.or(ends, i8x16.eq(bytes, quote)));
    if (found != 0) {
      const stop = at + ctz(found);
      return load<u8>(stop) == QUOTE ? stop : 0;
    }
    at += 16;
  }
}

function lineFeed(start: usize): usize {
  const feed = i8x16.splat(LINE_FEED);
  let at = start;
  while (true) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(at), feed));
    if (found != 0) return at + ctz(found);
    at += 16;
  }
}
