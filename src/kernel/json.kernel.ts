/**
 * The scan of lines of JSON in AssemblyScript: `jsonScan` of `src/batch/json_scan.ts`, sixteen bytes of a string at a
 * time. It must find what that one finds in any bytes; the words are explained there. `deno task kernels` compiles it.
 *
 * A line feed stands behind the input. It belongs into no value, no string and no white space, so that everything stops
 * there and nothing has to compare with the end; up to 63 bytes behind it may be read and decide nothing.
 * @module
 */

/** How many values the tape has room for. */
export const TAPE_PLACES: i32 = 24_576;
/** How many bytes of input fit. */
export const INPUT_BYTES: i32 = 256 * 1024;
/** How many bytes the nodes and names of the wanted paths may take. */
export const TREE_BYTES: i32 = 24_576;

/** Five numbers that outlast a call: offset reached, rows, lines, empty ones, and 1 when a line is left. */
export const STATE: usize = 64;
/** A byte a field. */
export const SUMMARIES: usize = 128;
/** The powers of ten from 0 to 22, which the caller fills in. */
export const POWERS: usize = 256;
/** Sixteen bytes for each open bracket: node, start, item, bracket. */
const STACK: usize = 1024;
const STACK_END: usize = STACK + 16 * 1000;
/**
 * The shapes of lines as a tree of parts of 64 bytes. A part is what stands before a value, from the value before it on:
 * its first sixteen bytes, and its last where there are more; the value's node, a mask of the first bytes as bits, how
 * many these are, what value follows; and where the first part behind it is and the next in its own place, or 0. Most
 * lines have the same keys in the same order, and those that do not are of a few kinds.
 */
const SHAPES: usize = STACK_END;
const SHAPES_END: usize = SHAPES + 64 * 256;
const PART_TAIL: usize = 16;
const PART_NODE: usize = 32;
const PART_NEXT: usize = 40;
const PART_OTHER: usize = 44;
const PART_BYTES: usize = 64;
const MOST_GLUE: usize = 32;
/** Where the first part of all is. */
const ROOT: usize = 560;
const NO_VALUE: u8 = 0;
const STRING_VALUE: u8 = 1;
const SCALAR_VALUE: u8 = 2;
const LINE_END: u8 = 3;
/** The root's node, then what it points to; the caller fills it in. */
export const TREE: usize = 33_792;
/** The tape's offsets where values start. */
export const STARTS: usize = TREE + TREE_BYTES;
/** And where they end. */
export const ENDS: usize = STARTS + 4 * TAPE_PLACES;
/** Its doubles. */
export const NUMBERS: usize = ENDS + 4 * TAPE_PLACES;
/** A byte a value. */
export const KINDS: usize = NUMBERS + 8 * TAPE_PLACES;
/** The bytes to scan. */
export const INPUT: usize = KINDS + TAPE_PLACES;
/** The bytes of the values. */
export const KEPT: usize = INPUT + INPUT_BYTES + 128;

/**
 * A node is 64 bytes: the first eight bytes of its name, what to mask a word with to compare them, the lengths of its
 * children's names as bits (the last for all longer ones), its own name's length and place, the array item that it
 * means, its field, its children (first and end), and the fields below as bits.
 */
const NODE_MASK: usize = 8;
const NODE_LENGTHS: usize = 16;
const NODE_LENGTH: usize = 24;
const NODE_NAME: usize = 28;
const NODE_ITEM: usize = 32;
const NODE_FIELD: usize = 36;
const NODE_CHILDREN: usize = 40;
const NODE_CHILDREN_END: usize = 44;
const NODE_BELOW: usize = 48;
const NODE_BYTES: usize = 64;

const NONE: u8 = 0;
const NUMBER: u8 = 1;
const TEXT: u8 = 2;
const ESCAPED: u8 = 4;
const BOOLEAN: u8 = 8;
const LONG: u8 = 16;
const OTHER: u8 = 32;

const TAB: u8 = 0x09;
const LINE_FEED: u8 = 0x0a;
const CARRIAGE_RETURN: u8 = 0x0d;
const SPACE: u8 = 0x20;
const QUOTE: u8 = 0x22;
const PLUS: u8 = 0x2b;
const COMMA: u8 = 0x2c;
const MINUS: u8 = 0x2d;
const POINT: u8 = 0x2e;
const SLASH: u8 = 0x2f;
const ZERO: u8 = 0x30;
const COLON: u8 = 0x3a;
const OPEN_ARRAY: u8 = 0x5b;
const BACKSLASH: u8 = 0x5c;
const LETTER_A: u8 = 0x61;
const LETTER_B: u8 = 0x62;
const LETTER_E: u8 = 0x65;
const LETTER_F: u8 = 0x66;
const LETTER_N: u8 = 0x6e;
const LETTER_R: u8 = 0x72;
const LETTER_T: u8 = 0x74;
const LETTER_U: u8 = 0x75;
const OPEN_OBJECT: u8 = 0x7b;
/** Makes a small letter of a capital one. */
const SMALL: u8 = 0x20;
/** `true`, `null` and the last four letters of `false`. */
const TRUE: u32 = 0x6575_7274;
const NULL: u32 = 0x6c6c_756e;
const FALSE: u32 = 0x6573_6c61;

const MOST_PAUSE: i32 = 64;
/** Sixteen times the same byte. V8 makes a constant anew wherever it is used, but loads these once a line. */
const QUOTES: usize = 512;
const BACKSLASHES: usize = 528;
const CONTROLS: usize = 544;
const EXACT_DIGITS: usize = 18;
const MOST_EXACT: u64 = 0x1f_ffff_ffff_ffff;
const EXPONENT_DIGITS: usize = 4;
const MOST_EXPONENT: i32 = 10_000;
const MOST_POWER: i32 = 22;
/** Eight times `0`. */
const ZEROS: u64 = 0x3030_3030_3030_3030;

let room: i32 = 0;
/** All fields as bits. */
let all: u64 = 0;
/** Whether the last string read has escapes. */
let escaped: bool = false;
/** The double of the last number read slowly; and whether it has one. */
let number: f64 = 0;
let exact: bool = false;
/** The node of the key last read, or 0. */
let wanted: usize = 0;
/** The fields that the row has, as bits. */
let written: u64 = 0;
/** The fields of which some row has a number, as bits. */
let numbers: u64 = 0;
/** Where the next part goes. */
let parts: usize = SHAPES;
/** How many lines are read before shapes are tried or learned again, and how many the next time that none fits. */
let pause: i32 = 0;
let nextPause: i32 = 1;

/**
 * Goes on from `STATE` through the first `length` bytes of the input until they end, the tape's `most` rows of `fields`
 * are full or a line is left. Offsets on the tape are those in the input.
 */
export function scan(length: i32, fields: i32, most: i32): void {
  const end = INPUT + length;
  room = most;
  all = fields == 0 ? 0 : <u64> -1 >> (64 - fields);
  let at = INPUT + load<i32>(STATE);
  let rows = load<i32>(STATE, 4);
  let lines = load<i32>(STATE, 8);
  let empty = load<i32>(STATE, 12);
  if (at == INPUT) numbers = 0;
  let left = false;
  while (at < end && rows < most) {
    let newline: usize = 0;
    if (pause == 0) newline = shapedLine(at, rows);
    if (newline == 0) newline = anyLine(at, rows);
    if (newline != 0) {
      rows++;
      at = newline + 1;
    } else {
      const returned = load<u8>(at) == CARRIAGE_RETURN;
      left = load<u8>(at + <usize> returned) != LINE_FEED;
      if (left) break;
      empty++;
      at += 1 + <usize> returned;
    }
    lines++;
  }
  store<i32>(STATE, <i32> (min(at, end) - INPUT));
  store<i32>(STATE, rows, 4);
  store<i32>(STATE, lines, 8);
  store<i32>(STATE, empty, 12);
  store<i32>(STATE, left, 16);
}

/** The same for a line of no known shape; its own is learned, unless too many are. */
function anyLine(at: usize, row: i32): usize {
  const newline = scanLine(at, row);
  if (pause > 0) pause--;
  else if (newline != 0) {
    learnShape(at);
    pause = nextPause - 1;
    nextPause = min(nextPause << 1, MOST_PAUSE);
  }
  return newline;
}

/** Forgets all shapes, whose nodes are those of another tree. To be called after the tree is filled in. */
export function prepare(): void {
  store<usize>(ROOT, 0);
  parts = SHAPES;
  pause = 0;
  nextPause = 1;
  v128.store(QUOTES, i8x16.splat(QUOTE));
  v128.store(BACKSLASHES, i8x16.splat(BACKSLASH));
  v128.store(CONTROLS, i8x16.splat(SPACE - 1));
}

/** Writes `row` from the line at `start`. Gives where the line ends; 0, with the row unspecified, when it is left. */
function scanLine(start: usize, row: i32): usize {
  let at = Inlined.space(start);
  let bracket = load<u8>(at);
  if (bracket != OPEN_OBJECT) return 0;
  let depth = STACK;
  let node: usize = 0;
  written = 0;
  wanted = TREE;
  while (true) {
    // Here a value begins.
    const first = load<u8>(at);
    const target = wanted;
    if (target != 0) written &= ~load<u64>(target, NODE_BELOW);
    if ((first | SMALL) == OPEN_OBJECT) {
      if (depth == STACK_END) return 0;
      push(depth, target, at, first);
      depth += 16;
      node = target;
      bracket = first;
      at = Inlined.space(at + 1);
      if (load<u8>(at) != first + 2) {
        at = member(at, depth, node, bracket);
        if (at == 0) return 0;
        continue;
      }
    } else {
      const end = first == QUOTE ? Inlined.stringEnd(at) : Inlined.scalarEnd(at, target, row);
      if (end == 0) return 0;
      if (first == QUOTE && target != 0) writeString(target, row, at + 1, end - 1, escaped);
      at = end;
    }
    at = Inlined.space(at);
    // Here brackets may close.
    while (load<u8>(at) == bracket + 2) {
      at++;
      depth -= 16;
      if (node != 0) write(node, row, OTHER, load<usize>(depth, 4), at);
      at = Inlined.space(at);
      if (depth == STACK) {
        if (load<u8>(at) != LINE_FEED) return 0;
        unset(all & ~written, row);
        return at;
      }
      node = load<usize>(depth - 16);
      bracket = load<u8>(depth - 16, 12);
    }
    if (load<u8>(at) != COMMA) return 0;
    at = member(Inlined.space(at + 1), depth, node, bracket);
    if (at == 0) return 0;
  }
}

/** From a member or item at `at` to its value, of which it sets the node; 0 for no key. */
function member(at: usize, depth: usize, node: usize, bracket: u8): usize {
  if (bracket != OPEN_ARRAY) return keyEnd(at, node);
  wanted = node == 0 ? 0 : itemOf(node, depth - 16);
  return at;
}

/** From a key at `at` to its value, of which it sets the node; 0 for no key. */
function keyEnd(at: usize, node: usize): usize {
  wanted = 0;
  if (load<u8>(at) != QUOTE) return 0;
  const end = Inlined.stringEnd(at);
  if (end == 0) return 0;
  const lengths: u64 = node == 0 ? 0 : load<u64>(node, NODE_LENGTHS);
  if (lengths != 0) {
    if (escaped) return 0;
    const length = end - at - 2;
    if ((lengths >> min<usize>(length, 63)) & 1) wanted = childOf(node, at + 1, length);
  }
  const colon = Inlined.space(end);
  return load<u8>(colon) == COLON ? Inlined.space(colon + 1) : 0;
}

/** Writes `row` from the line at `at` if it has a known shape; gives where it ends, or 0. */
function shapedLine(at: usize, row: i32): usize {
  const quote = v128.load(QUOTES);
  const backslash = v128.load(BACKSLASHES);
  const control = v128.load(CONTROLS);
  let part = load<usize>(ROOT);
  written = 0;
  while (part != 0) {
    const about = load<u64>(part, PART_NODE);
    const traits = <u32> (about >> 32);
    if (!Inlined.isPart(at, part, traits)) {
      part = load<usize>(part, PART_OTHER);
      continue;
    }
    let next = at + ((traits >> 16) & 0xff);
    const target = <usize> about;
    const value = traits >> 24;
    if (value == STRING_VALUE) {
      const start = next;
      let escapes = false;
      while (true) {
        const bytes = v128.load(next);
        const ends = i8x16.bitmask(i8x16.eq(bytes, quote));
        const others = i8x16.bitmask(
          v128.or(i8x16.eq(bytes, backslash), i8x16.le_u(bytes, control)),
        );
        // Up to the first quote, or all sixteen.
        if ((others & (ends ^ (ends - 1))) != 0) {
          next = slowStringEnd(start - 1);
          if (next == 0) return 0;
          next--;
          escapes = true;
          break;
        }
        if (ends != 0) {
          next += ctz(ends);
          break;
        }
        next += 16;
      }
      if (target != 0) writeString(target, row, start, next, escapes);
    } else if (value == SCALAR_VALUE) {
      next = Inlined.scalarEnd(next, target, row);
      if (next == 0) {
        // Another value may begin behind the same bytes.
        part = load<usize>(part, PART_OTHER);
        continue;
      }
    } else if (value == LINE_END) {
      if (written != all) unset(all & ~written, row);
      nextPause = 1;
      return next - 1;
    }
    at = next;
    part = load<usize>(part, PART_NEXT);
  }
  return 0;
}

function slowStringEnd(at: usize): usize {
  return Inlined.stringEnd(at);
}

/** Adds the shape of the line at `at`, which is a row, unless it is not one that can be. */
function learnShape(at: usize): void {
  // What is known is of no use any more.
  if (parts == SHAPES_END && nextPause == MOST_PAUSE) prepare();
  let link = ROOT;
  let glue = at;
  let depth = STACK;
  let node: usize = 0;
  let bracket: u8 = 0;
  let seen: u64 = 0;
  wanted = TREE;
  while (true) {
    at = Inlined.space(at);
    const first = load<u8>(at);
    const target = wanted;
    if (first == COMMA) {
      at = member(Inlined.space(at + 1), depth, node, bracket);
      continue;
    }
    if (first == LINE_FEED) {
      addPart(link, glue, at + 1, 0, LINE_END);
      return;
    }
    if (first == bracket + 2) {
      depth -= 16;
      at++;
      if (depth > STACK) {
        node = load<usize>(depth - 16);
        bracket = load<u8>(depth - 16, 12);
      } else bracket = 0;
      continue;
    }
    // Here a value begins. Of a field that stands twice the last counts, and brackets have places: that is not for here.
    if (target != 0) {
      const field = load<i32>(target, NODE_FIELD);
      const own: u64 = field < 0 ? 0 : <u64> 1 << field;
      if ((seen & (own | load<u64>(target, NODE_BELOW))) != 0) return;
      if (own != 0 && (first | SMALL) == OPEN_OBJECT) return;
      seen |= own;
    }
    if ((first | SMALL) == OPEN_OBJECT) {
      push(depth, target, at, first);
      depth += 16;
      node = target;
      bracket = first;
      at = Inlined.space(at + 1);
      if (load<u8>(at) != first + 2) at = member(at, depth, node, bracket);
      continue;
    }
    if (first == QUOTE) {
      link = addPart(link, glue, at + 1, target, STRING_VALUE);
      at = Inlined.stringEnd(at);
      glue = at - 1;
    } else {
      link = addPart(link, glue, at, target, SCALAR_VALUE);
      at = Inlined.scalarEnd(at, 0, 0);
      glue = at;
    }
    if (link == 0) return;
  }
}

/**
 * Finds or adds, at `link`, the part that stands from `from` to `to`, or several where it is long; gives the place of the
 * link to the next, or 0 when there is no room.
 */
function addPart(link: usize, from: usize, to: usize, node: usize, value: u8): usize {
  while (true) {
    const length = min(to - from, MOST_GLUE);
    const mask: u32 = 0xffff >> (16 - min<u32>(<u32> length, 16));
    const kind = from + length == to ? value : NO_VALUE;
    const traits = mask | <u32> length << 16 | <u32> kind << 24;
    const about = <u64> traits << 32 | <u64> node;
    let part = load<usize>(link);
    while (
      part != 0 && (load<u64>(part, PART_NODE) != about || !Inlined.isPart(from, part, traits))
    ) {
      link = part + PART_OTHER;
      part = load<usize>(link);
    }
    if (part == 0) {
      if (parts == SHAPES_END) return 0;
      part = parts;
      parts += PART_BYTES;
      v128.store(part, v128.load(from));
      v128.store(part, v128.load(from + length - 16), PART_TAIL);
      store<u64>(part, about, PART_NODE);
      store<u64>(part, 0, PART_NEXT);
      store<usize>(link, part);
    }
    link = part + PART_NEXT;
    from += length;
    if (from == to) return link;
  }
}

/** What is used for every value, compiled into its callers: a function of its own, called, is a third slower in V8. */
class Inlined {
  /** Behind the white space at `at`; a line feed is none here, since it ends the line. */
  @inline
  static space(at: usize): usize {
    return load<u8>(at) > SPACE ? at : spaceEnd(at);
  }

  /** Whether the bytes at `at` are those of the part, which has these traits. */
  @inline
  static isPart(at: usize, part: usize, traits: u32): bool {
    const same = i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(part)));
    if ((~same & traits & 0xffff) != 0) return false;
    const length = (traits >> 16) & 0xff;
    if (length <= 16) return true;
    const tail = v128.load(part, PART_TAIL);
    return !v128.any_true(v128.xor(v128.load(at + length - 16), tail));
  }

  /** Behind the string at `at`, of which it tells whether it has escapes; UTF-8 or not. 0 when it is none. */
  @inline
  static stringEnd(at: usize): usize {
    const backslash = i8x16.splat(BACKSLASH);
    const two = i8x16.splat(2);
    const most = i8x16.splat(SPACE);
    escaped = false;
    at++;
    while (true) {
      const bytes = v128.load(at);
      // With that bit turned, a quote is 0x20, a control character still below it and everything else above.
      const ends = i8x16.le_u(v128.xor(bytes, two), most);
      const found = i8x16.bitmask(v128.or(ends, i8x16.eq(bytes, backslash)));
      if (found == 0) at += 16;
      else {
        at += ctz(found);
        const byte = load<u8>(at);
        if (byte == QUOTE) return at + 1;
        if (byte != BACKSLASH) return 0;
        escaped = true;
        at = escapeEnd(at + 1);
        if (at == 0) return 0;
      }
    }
  }

  /** Behind the word or number at `at`, which is the row's value of the node unless that is 0; 0 when there is none. */
  @inline
  static scalarEnd(at: usize, target: usize, row: i32): usize {
    const bytes = load<u64>(at);
    const negative = <usize> (<u8> bytes == MINUS);
    const word = (bytes >> (<u64> negative << 3)) ^ ZEROS;
    const whole = digitCount(word);
    let end = at + negative + whole;
    let after = <u8> (word >> (<u64> whole << 3));
    let rest: u64 = 0;
    let count: usize = 0;
    // Unless these are one to seven bytes with what is behind them, and no zero before other digits.
    let slow = (whole - 1 > 6 - negative) | ((whole > 1) & (<u8> word == 0));
    if (after == (POINT ^ ZERO)) {
      rest = load<u64>(++end) ^ ZEROS;
      count = digitCount(rest);
      end += count;
      after = <u8> (rest >> (<u64> count << 3));
      slow |= count - 1 > 6;
    }
    if (slow | ((after | SMALL) == (LETTER_E ^ ZERO | SMALL))) return slowEnd(at, target, row);
    if (target != 0) {
      const digits = word & ~(<u64> -1 << (<u64> whole << 3)) | rest << (<u64> whole << 3);
      const mantissa = decimalOf(digits, whole + count);
      if (whole + count > 8 || (negative != 0 && mantissa == 0)) return slowEnd(at, target, row);
      const value = <f64> (negative != 0 ? -mantissa : mantissa);
      writeNumber(target, row, value / load<f64>(POWERS + (count << 3)));
    }
    return end;
  }
}

function push(entry: usize, node: usize, at: usize, bracket: u8): void {
  store<usize>(entry, node);
  store<usize>(entry, at, 4);
  store<i32>(entry, 0, 8);
  store<u8>(entry, bracket, 12);
}

/** The child that means the next item of the array whose stack entry is given, or 0. */
function itemOf(node: usize, entry: usize): usize {
  const item = load<i32>(entry, 8);
  store<i32>(entry, item + 1, 8);
  const end = load<usize>(node, NODE_CHILDREN_END);
  for (let child = load<usize>(node, NODE_CHILDREN); child < end; child += NODE_BYTES) {
    if (load<i32>(child, NODE_ITEM) == item) return child;
  }
  return 0;
}

/** The child whose name is the `length` bytes at `at`, or 0. */
function childOf(node: usize, at: usize, length: usize): usize {
  const word = load<u64>(at);
  const end = load<usize>(node, NODE_CHILDREN_END);
  for (let child = load<usize>(node, NODE_CHILDREN); child < end; child += NODE_BYTES) {
    if (
      load<usize>(child, NODE_LENGTH) == length &&
      (word & load<u64>(child, NODE_MASK)) == load<u64>(child) && restIs(child, at, length)
    ) return child;
  }
  return 0;
}

function restIs(child: usize, at: usize, length: usize): bool {
  const name = load<usize>(child, NODE_NAME);
  for (let index: usize = 8; index < length; index++) {
    if (load<u8>(name + index) != load<u8>(at + index)) return false;
  }
  return true;
}

/** Those fields of the row as not there. */
function unset(fields: u64, row: i32): void {
  for (; fields != 0; fields &= fields - 1) {
    const place = <i32> ctz(fields) * room + row;
    store<i32>(STARTS + (place << 2), -1);
    store<i32>(ENDS + (place << 2), 0);
    store<f64>(NUMBERS + (place << 3), NaN);
    store<u8>(KINDS + place, NONE);
  }
}

/** Writes a value that has a place. */
function write(node: usize, row: i32, kind: u8, start: usize, end: usize): void {
  const field = load<i32>(node, NODE_FIELD);
  if (field < 0) return;
  const place = field * room + row;
  store<i32>(STARTS + (place << 2), <i32> (start - INPUT));
  store<i32>(ENDS + (place << 2), <i32> (end - INPUT));
  store<f64>(NUMBERS + (place << 3), NaN);
  store<u8>(KINDS + place, kind);
  store<u8>(SUMMARIES + field, load<u8>(SUMMARIES + field) | kind);
  written |= <u64> 1 << field;
}

function forget(node: usize): void {
  const field = load<i32>(node, NODE_FIELD);
  if (field >= 0) written &= ~(<u64> 1 << field);
}

/** Writes a number, whose other marks are made by `keep`. */
function writeNumber(node: usize, row: i32, value: f64): void {
  const field = load<i32>(node, NODE_FIELD);
  if (field < 0) return;
  const bit = <u64> 1 << field;
  store<f64>(NUMBERS + ((field * room + row) << 3), value);
  numbers |= bit;
  written |= bit;
}

/** Writes the string between the quotes around `start` and `end`. */
function writeString(node: usize, row: i32, start: usize, end: usize, escapes: bool): void {
  if (isUtf8(start, end)) write(node, row, escapes ? ESCAPED : TEXT, start, end);
  else write(node, row, OTHER, start - 1, end + 1);
}

function spaceEnd(at: usize): usize {
  while (isSpace(load<u8>(at))) at++;
  return at;
}

function isSpace(byte: u8): bool {
  return byte == SPACE || byte == TAB || byte == CARRIAGE_RETURN;
}

/** The same as `scalarEnd` for words, and for numbers of any shape. */
function slowEnd(at: usize, target: usize, row: i32): usize {
  const first = load<u8>(at);
  if (first == LETTER_N) {
    if (load<u32>(at) != NULL) return 0;
    if (target != 0) forget(target);
    return at + 4;
  }
  if (first == LETTER_T || first == LETTER_F) {
    const extra = <usize> (first == LETTER_F);
    if (load<u32>(at + extra) != (first == LETTER_T ? TRUE : FALSE)) return 0;
    if (target != 0) write(target, row, BOOLEAN, at, at + 4 + extra);
    return at + 4 + extra;
  }
  const negative = first == MINUS;
  const start = at + <usize> negative;
  const end = isDigit(load<u8>(start)) ? longNumberEnd(start, negative) : 0;
  if (end == 0 || target == 0) return end;
  if (exact) writeNumber(target, row, number);
  else write(target, row, LONG, at, end);
  return end;
}

/** How many of the eight bytes of a word are digits, up to the first that is none, when each is less `0`. */
function digitCount(word: u64): usize {
  return <usize> ctz(((word + 0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080) >> 3;
}

/** The number that the first `count` bytes, 1 to 8, of a word of digits are: neighbours are added up, three times. */
function decimalOf(word: u64, count: usize): i64 {
  let value = word << ((8 - <u64> count) << 3);
  value = ((value * 2561) >> 8) & 0x00ff_00ff_00ff_00ff;
  value = ((value * 6_553_601) >> 16) & 0x0000_ffff_0000_ffff;
  return <i64> ((value * 42_949_672_960_001) >> 32);
}

/** Behind a number of any shape, less its sign, which it reads; 0 when there is none. */
function longNumberEnd(start: usize, negative: bool): usize {
  let at = start;
  let mantissa: u64 = 0;
  for (; isDigit(load<u8>(at)); at++) mantissa = mantissa * 10 + load<u8>(at) - ZERO;
  let digits = at - start;
  if (digits > 1 && load<u8>(start) == ZERO) return 0;
  let exponent: i32 = 0;
  if (load<u8>(at) == POINT) {
    const point = ++at;
    for (; isDigit(load<u8>(at)); at++) mantissa = mantissa * 10 + load<u8>(at) - ZERO;
    if (at == point) return 0;
    digits += at - point;
    exponent = <i32> (point - at);
  }
  if ((load<u8>(at) | SMALL) == LETTER_E) {
    const minus = load<u8>(at, 1) == MINUS;
    const first = at + 1 + <usize> (minus || load<u8>(at, 1) == PLUS);
    at = digitsEnd(first);
    if (at == first) return 0;
    const size = at - first > EXPONENT_DIGITS ? MOST_EXPONENT : decimal(first, at);
    exponent += minus ? -size : size;
  }
  exact = digits <= EXACT_DIGITS && mantissa <= MOST_EXACT && abs(exponent) <= MOST_POWER &&
    !(negative && mantissa == 0);
  if (!exact) return at;
  number = <f64> mantissa;
  if (exponent < 0) number /= load<f64>(POWERS + (-exponent << 3));
  else number *= load<f64>(POWERS + (exponent << 3));
  if (negative) number = -number;
  return at;
}

function digitsEnd(at: usize): usize {
  while (isDigit(load<u8>(at))) at++;
  return at;
}

function decimal(start: usize, end: usize): i32 {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + load<u8>(at) - ZERO;
  return value;
}

function isDigit(byte: u8): bool {
  return <u32> byte - ZERO <= 9;
}

/** Behind the escape whose letter is at `at`; 0 when there is none. */
function escapeEnd(at: usize): usize {
  switch (load<u8>(at)) {
    case QUOTE:
    case SLASH:
    case BACKSLASH:
    case LETTER_B:
    case LETTER_F:
    case LETTER_N:
    case LETTER_R:
    case LETTER_T:
      return at + 1;
    case LETTER_U: {
      for (let digit: usize = 1; digit <= 4; digit++) {
        const byte = load<u8>(at + digit);
        if (!isDigit(byte) && <u32> (byte | SMALL) - LETTER_A > 5) return 0;
      }
      return at + 5;
    }
    default:
      return 0;
  }
}

/** Whether these bytes are UTF-8. */
function isUtf8(start: usize, end: usize): bool {
  let at = start;
  let high: i32 = 0;
  for (; at < end; at += 16) {
    high = i8x16.bitmask(v128.load(at));
    if (high != 0) break;
  }
  if (at >= end || at + <usize> ctz(high) >= end) return true;
  while (at < end) {
    const lead = load<u8>(at++);
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4) return false;
    const more: usize = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (at + more > end) return false;
    const second = load<u8>(at);
    const least: u8 = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const most: u8 = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (second < least || second > most) return false;
    for (let index: usize = 1; index < more; index++) {
      if ((load<u8>(at + index) & 0xc0) != 0x80) return false;
    }
    at += more;
  }
  return true;
}

/**
 * Puts the bytes of all values of the first `rows` rows that have places one behind the other, field by field, and moves
 * their places there. Gives their number; or, with nothing moved, -1 when they are more than `most`.
 */
export function keep(rows: i32, fields: i32, most: i32): i32 {
  let size: i32 = 0;
  for (let field = 0; field < fields; field++) {
    if ((numbers >> field) & 1) markNumbers(field, rows);
    if (!hasPlaces(field)) continue;
    const first = (field * room) << 2;
    for (let at = first; at < first + (rows << 2); at += 4) {
      const start = load<i32>(STARTS + at);
      size += start < 0 ? 0 : load<i32>(ENDS + at) - start;
    }
  }
  if (size > most) return -1;
  let kept = KEPT;
  for (let field = 0; field < fields; field++) {
    if (!hasPlaces(field)) continue;
    const first = (field * room) << 2;
    for (let at = first; at < first + (rows << 2); at += 4) {
      const start = load<i32>(STARTS + at);
      if (start < 0) continue;
      const from = INPUT + start;
      const length = load<i32>(ENDS + at) - start;
      v128.store(kept, v128.load(from));
      for (let next = 16; next < length; next += 16) {
        v128.store(kept + next, v128.load(from + next));
      }
      store<i32>(STARTS + at, <i32> (kept - KEPT));
      kept += length;
      store<i32>(ENDS + at, <i32> (kept - KEPT));
    }
  }
  return size;
}

/** Whether the field has other values than numbers. */
function hasPlaces(field: i32): bool {
  return (load<u8>(SUMMARIES + field) & ~NUMBER) != 0;
}

/** Completes what is written of a field that has numbers: no other value has a double. */
function markNumbers(field: i32, rows: i32): void {
  store<u8>(SUMMARIES + field, load<u8>(SUMMARIES + field) | NUMBER);
  if (!hasPlaces(field)) return;
  const first = field * room;
  for (let place = first; place < first + rows; place++) {
    const value = load<f64>(NUMBERS + (place << 3));
    if (value != value) continue;
    store<i32>(STARTS + (place << 2), -1);
    store<i32>(ENDS + (place << 2), 0);
    store<u8>(KINDS + place, NUMBER);
  }
}
