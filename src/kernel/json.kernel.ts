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
 * The keys of the line before, by number: sixteen bytes from the quote on, a mask of those up to the value, how many
 * these are, the node of the object around, and the node of the key. Most lines have the same keys in the same order.
 */
const KEYS: usize = STACK_END;
const KEYS_LAST: usize = KEYS + 48 * 63;
const KEY_MASK: usize = 16;
const KEY_LENGTH: usize = 32;
const KEY_PARENT: usize = 36;
const KEY_NODE: usize = 40;
const KEY_BYTES: usize = 48;
/** The parent of no key; the last key has always this one. */
const NO_PARENT: usize = 1;
/** The bytes of a mask: as many as have to be the same, from the end of the first sixteen on. */
const MASKS: usize = KEYS_LAST + 48;
/** The root's node, then what it points to; the caller fills it in. */
export const TREE: usize = 20_480;
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

/**
 * A node is 64 bytes: the first eight bytes of its name, what to mask a word with to compare them, the lengths of its
 * children's names as bits (the last for all longer ones), its own name's length and place, the array item that it
 * means, its field, its children (first and end), and the fields below (first and end).
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
const NODE_BELOW_END: usize = 52;
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

const EXACT_DIGITS: usize = 18;
const MOST_EXACT: u64 = 0x1f_ffff_ffff_ffff;
const EXPONENT_DIGITS: usize = 4;
const MOST_EXPONENT: i32 = 10_000;
const MOST_POWER: i32 = 22;
/** Eight times `0`. */
const ZEROS: u64 = 0x3030_3030_3030_3030;

let fields: i32 = 0;
let room: i32 = 0;
let shift: i32 = 0;
/** Of the last string or scalar read. */
let kind: u8 = NONE;
let number: f64 = 0;
/** The node of the key last read, or 0. */
let wanted: usize = 0;
/** The place in `KEYS` of the next key. */
let next: usize = KEYS;

/**
 * Goes on from `STATE` through the first `length` bytes of the input until they end, the tape's `most` rows of `count`
 * fields are full or a line is left. Offsets on the tape count from `base` bytes before the input.
 */
export function scan(length: i32, base: i32, count: i32, most: i32): void {
  const end = INPUT + length;
  fields = count;
  room = most;
  shift = base - <i32> INPUT;
  let at = INPUT + load<i32>(STATE);
  let rows = load<i32>(STATE, 4);
  let lines = load<i32>(STATE, 8);
  let empty = load<i32>(STATE, 12);
  prepareKeys();
  let left = false;
  while (at < end && rows < most) {
    const newline = scanLine(at, rows);
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

/** Forgets all keys, whose nodes may be those of another tree. */
function prepareKeys(): void {
  for (let key = KEYS; key <= KEYS_LAST; key += KEY_BYTES) {
    store<usize>(key, NO_PARENT, KEY_PARENT);
  }
  v128.store(MASKS, i8x16.splat(-1));
  v128.store(MASKS, i8x16.splat(0), 16);
}

/** Writes `row` from the line at `start`. Gives where the line ends; 0, with the row unspecified, when it is left. */
function scanLine(start: usize, row: i32): usize {
  let at = Inlined.space(start);
  let bracket = load<u8>(at);
  if (bracket != OPEN_OBJECT) return 0;
  for (let field = 0; field < fields; field++) unset(field * room + row);
  let depth = STACK;
  let node: usize = 0;
  wanted = TREE;
  next = KEYS;
  while (true) {
    // Here a value begins.
    const first = load<u8>(at);
    const target = wanted;
    if (target != 0) unsetBelow(target, row);
    if ((first | SMALL) == OPEN_OBJECT) {
      if (depth == STACK_END) return 0;
      push(depth, target, at, first);
      depth += 16;
      node = target;
      bracket = first;
      at = Inlined.space(at + 1);
      if (load<u8>(at) != first + 2) {
        at = Inlined.member(at, depth, node, bracket);
        if (at == 0) return 0;
        continue;
      }
    } else {
      at = Inlined.plainEnd(at, first, target, row);
      if (at == 0) return 0;
    }
    at = Inlined.space(at);
    // Here brackets may close.
    while (load<u8>(at) == bracket + 2) {
      at++;
      depth -= 16;
      if (node != 0) write(node, row, OTHER, load<usize>(depth, 4), at);
      at = Inlined.space(at);
      if (depth == STACK) return load<u8>(at) == LINE_FEED ? at : 0;
      node = load<usize>(depth - 16);
      bracket = load<u8>(depth - 16, 12);
    }
    if (load<u8>(at) != COMMA) return 0;
    at = Inlined.member(Inlined.space(at + 1), depth, node, bracket);
    if (at == 0) return 0;
  }
}

/** What is used for every value, compiled into its callers: a function of its own, called, is a third slower in V8. */
class Inlined {
  /** Behind the string, word or number at `at`, which is written; 0 when there is none. */
  @inline
  static plainEnd(at: usize, first: u8, target: usize, row: i32): usize {
    if (first == QUOTE) {
      const end = Inlined.stringEnd(at);
      if (end != 0 && target != 0) writeString(target, row, at, end);
      return end;
    }
    const end = scalarEnd(at, first, target);
    if (end != 0 && target != 0) writeScalar(target, row, at, end);
    return end;
  }

  /** Behind the white space at `at`; a line feed is none here, since it ends the line. */
  @inline
  static space(at: usize): usize {
    return load<u8>(at) > SPACE ? at : spaceEnd(at);
  }

  /** Behind the string at `at`, whose kind it sets, UTF-8 or not: `TEXT` or `ESCAPED`. 0 when it is none. */
  @inline
  static stringEnd(at: usize): usize {
    const backslash = i8x16.splat(BACKSLASH);
    const two = i8x16.splat(2);
    const most = i8x16.splat(SPACE);
    kind = TEXT;
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
        kind = ESCAPED;
        at = escapeEnd(at + 1);
        if (at == 0) return 0;
      }
    }
  }

  /** From a member or item at `at` to its value, of which it sets the node; 0 for no key. */
  @inline
  static member(at: usize, depth: usize, node: usize, bracket: u8): usize {
    if (bracket == OPEN_ARRAY) {
      wanted = node == 0 ? 0 : itemOf(node, depth - 16);
      return at;
    }
    const key = next;
    const changed = v128.xor(v128.load(at), v128.load(key));
    if (
      v128.any_true(v128.and(changed, v128.load(key, KEY_MASK))) ||
      load<usize>(key, KEY_PARENT) != node
    ) return newKeyEnd(at, node);
    next += KEY_BYTES;
    wanted = load<usize>(key, KEY_NODE);
    return Inlined.space(at + load<usize>(key, KEY_LENGTH));
  }
}

/** The same for a key that is not the expected one, but will be. */
function newKeyEnd(at: usize, node: usize): usize {
  const end = keyEnd(at, node);
  const length = end - at;
  if (end == 0 || next == KEYS_LAST) return end;
  const key = next;
  next += KEY_BYTES;
  store<usize>(key, length > 16 ? NO_PARENT : node, KEY_PARENT);
  if (length > 16) return end;
  v128.store(key, v128.load(at));
  v128.store(key, v128.load(MASKS + 16 - length), KEY_MASK);
  store<usize>(key, length, KEY_LENGTH);
  store<usize>(key, wanted, KEY_NODE);
  return end;
}

/** From a key at `at` to its value, of which it sets the node; 0 for no key. */
function keyEnd(at: usize, node: usize): usize {
  wanted = 0;
  if (load<u8>(at) != QUOTE) return 0;
  const end = Inlined.stringEnd(at);
  if (end == 0) return 0;
  const lengths: u64 = node == 0 ? 0 : load<u64>(node, NODE_LENGTHS);
  if (lengths != 0) {
    if (kind == ESCAPED) return 0;
    const length = end - at - 2;
    if ((lengths >> min<usize>(length, 63)) & 1) wanted = childOf(node, at + 1, length);
  }
  const colon = Inlined.space(end);
  return load<u8>(colon) == COLON ? Inlined.space(colon + 1) : 0;
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

function unset(place: i32): void {
  store<i32>(STARTS + (place << 2), -1);
  store<i32>(ENDS + (place << 2), 0);
  store<f64>(NUMBERS + (place << 3), NaN);
  store<u8>(KINDS + place, NONE);
}

function unsetBelow(node: usize, row: i32): void {
  const end = load<usize>(node, NODE_BELOW_END);
  for (let below = load<usize>(node, NODE_BELOW); below < end; below += 4) {
    unset(load<i32>(below) * room + row);
  }
}

function write(node: usize, row: i32, kind: u8, start: usize, end: usize): void {
  const field = load<i32>(node, NODE_FIELD);
  if (field < 0) return;
  const place = field * room + row;
  store<i32>(STARTS + (place << 2), <i32> start + shift);
  store<i32>(ENDS + (place << 2), <i32> end + shift);
  store<f64>(NUMBERS + (place << 3), NaN);
  store<u8>(KINDS + place, kind);
  store<u8>(SUMMARIES + field, load<u8>(SUMMARIES + field) | kind);
}

function writeString(node: usize, row: i32, start: usize, end: usize): void {
  if (isUtf8(start, end)) write(node, row, kind, start + 1, end - 1);
  else write(node, row, OTHER, start, end);
}

function writeScalar(node: usize, row: i32, start: usize, end: usize): void {
  if (kind != NONE && kind != NUMBER) return write(node, row, kind, start, end);
  const field = load<i32>(node, NODE_FIELD);
  if (field < 0) return;
  const place = field * room + row;
  unset(place);
  if (kind == NONE) return;
  store<f64>(NUMBERS + (place << 3), number);
  store<u8>(KINDS + place, NUMBER);
  store<u8>(SUMMARIES + field, load<u8>(SUMMARIES + field) | NUMBER);
}

function spaceEnd(at: usize): usize {
  while (isSpace(load<u8>(at))) at++;
  return at;
}

function isSpace(byte: u8): bool {
  return byte == SPACE || byte == TAB || byte == CARRIAGE_RETURN;
}

/** Behind the word or number at `at`, whose kind it sets; 0 when there is none. */
function scalarEnd(at: usize, first: u8, target: usize): usize {
  if (first == LETTER_N) {
    kind = NONE;
    return load<u32>(at) == NULL ? at + 4 : 0;
  }
  if (first == LETTER_T || first == LETTER_F) {
    kind = BOOLEAN;
    if (first == LETTER_T) return load<u32>(at) == TRUE ? at + 4 : 0;
    return load<u32>(at, 1) == FALSE ? at + 5 : 0;
  }
  return numberEnd(at, first == MINUS, target != 0);
}

/** Behind the number at `at`, whose kind and double it sets where they are read; 0 when there is none. */
function numberEnd(at: usize, negative: bool, read: bool): usize {
  const start = at + <usize> negative;
  const word = load<u64>(start) ^ ZEROS;
  const whole = digitCount(word);
  if (whole == 0 || (whole > 1 && (word & 0xff) == 0)) return 0;
  if (whole == 8) return longNumberEnd(start, negative);
  at = start + whole;
  let byte = load<u8>(at);
  let rest: u64 = 0;
  let count: usize = 0;
  if (byte == POINT) {
    rest = load<u64>(++at) ^ ZEROS;
    count = digitCount(rest);
    if (count == 0) return 0;
    if (count == 8) return longNumberEnd(start, negative);
    at += count;
    byte = load<u8>(at);
  }
  if ((byte | SMALL) == LETTER_E) return longNumberEnd(start, negative);
  if (read) setNumber(word, whole, rest, count, negative);
  return at;
}

/** The number of so many digits before and behind the point. */
function setNumber(word: u64, whole: usize, rest: u64, count: usize, negative: bool): void {
  let value = <f64> decimalOf(word, whole);
  if (count > 0) {
    const power = load<f64>(POWERS + (count << 3));
    value = (value * power + <f64> decimalOf(rest, count)) / power;
  }
  kind = negative && value == 0 ? LONG : NUMBER;
  number = negative ? -value : value;
}

/** How many of the eight bytes of a word are digits, up to the first that is none, when each is less `0`. */
function digitCount(word: u64): usize {
  return <usize> ctz(((word + 0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080) >> 3;
}

/** The number that the first `count` bytes, 1 to 7, of a word of digits are: neighbours are added up, three times. */
function decimalOf(word: u64, count: usize): u64 {
  let value = word << ((8 - <u64> count) << 3);
  value = ((value * 2561) >> 8) & 0x00ff_00ff_00ff_00ff;
  value = ((value * 6_553_601) >> 16) & 0x0000_ffff_0000_ffff;
  return (value * 42_949_672_960_001) >> 32;
}

/** The same for any number, less its sign. */
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
  const exact = digits <= EXACT_DIGITS && mantissa <= MOST_EXACT && abs(exponent) <= MOST_POWER;
  kind = exact && !(negative && mantissa == 0) ? NUMBER : LONG;
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
  while (at + 16 <= end && i8x16.bitmask(v128.load(at)) == 0) at += 16;
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
