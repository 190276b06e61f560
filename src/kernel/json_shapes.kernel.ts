/**
 * The shapes of lines that were read: a line of a known one costs a comparison a value.
 * @module
 */
import {
  BACKSLASHES,
  CONTROLS,
  NODE_BELOW,
  QUOTES,
  SHAPES,
  SHAPES_END,
  SHAPES_ROOT,
  STACK,
} from "./json_memory.kernel";
import { BACKSLASH, COMMA, LINE_FEED, OPEN_OBJECT, QUOTE, SMALL, SPACE } from "./json_bytes.kernel";
import { stringEnd, Text } from "./json_text.kernel";
import { beginRow, endRow, writeString } from "./json_tape.kernel";
import { Scalar } from "./json_scalar.kernel";
import { beginLine, fieldBit, member, push, wanted } from "./json_nodes.kernel";

/**
 * The shapes of lines as a tree of parts of 64 bytes. A part is what stands before a value, from the value before it on:
 * its first sixteen bytes, and its last where there are more; the value's node, a mask of the first bytes as bits, how
 * many these are, what value follows; and where the first part behind it is and the next in its own place, or 0. Most
 * lines have the same keys in the same order, and those that do not are of a few kinds.
 */
const PART_TAIL: usize = 16;
const PART_NODE: usize = 32;
const PART_NEXT: usize = 40;
const PART_OTHER: usize = 44;
const PART_BYTES: usize = 64;
const MOST_GLUE: usize = 32;
const NO_VALUE: u8 = 0;
const STRING_VALUE: u8 = 1;
const SCALAR_VALUE: u8 = 2;
const LINE_END: u8 = 3;
const MOST_PAUSE: i32 = 64;

/** Where the next part goes. */
let parts: usize = SHAPES;
/** How many lines are read before shapes are tried or learned again, and how many the next time that none fits. */
let pause: i32 = 0;
let nextPause: i32 = 1;

/** Forgets all shapes, whose nodes are those of another tree. To be called after the tree is filled in. */
export function prepare(): void {
  store<usize>(SHAPES_ROOT, 0);
  parts = SHAPES;
  pause = 0;
  nextPause = 1;
  v128.store(QUOTES, i8x16.splat(QUOTE));
  v128.store(BACKSLASHES, i8x16.splat(BACKSLASH));
  v128.store(CONTROLS, i8x16.splat(SPACE - 1));
}

/** Writes `row` from the line at `at` if it has a known shape, and shapes are not paused; gives where it ends, or 0. */
export function knownLine(at: usize, row: i32): usize {
  return pause == 0 ? shapedLine(at, row) : 0;
}

/** Learns the shape of the line at `at`, which is of no known one but a row, unless too many are. */
export function missedLine(at: usize): void {
  if (pause > 0) pause--;
  else {
    learnShape(at);
    pause = nextPause - 1;
    nextPause = min(nextPause << 1, MOST_PAUSE);
  }
}

/** The same whether paused or not. */
function shapedLine(at: usize, row: i32): usize {
  const quote = v128.load(QUOTES);
  const backslash = v128.load(BACKSLASHES);
  const control = v128.load(CONTROLS);
  let part = load<usize>(SHAPES_ROOT);
  beginRow();
  while (part != 0) {
    const about = load<u64>(part, PART_NODE);
    const traits = <u32> (about >> 32);
    if (!Part.is(at, part, traits)) {
      part = load<usize>(part, PART_OTHER);
      continue;
    }
    let next = at + ((traits >> 16) & 0xff);
    const target = <usize> about;
    const value = traits >> 24;
    if (value == STRING_VALUE) {
      const start = next;
      next = Text.plainEnd(next, quote, backslash, control);
      const escapes = next == 0;
      if (escapes) {
        next = stringEnd(start - 1);
        if (next == 0) return 0;
        next--;
      }
      if (target != 0) writeString(target, row, start, next, escapes);
    } else if (value == SCALAR_VALUE) {
      next = Scalar.end(next, target, row);
      if (next == 0) {
        // Another value may begin behind the same bytes.
        part = load<usize>(part, PART_OTHER);
        continue;
      }
    } else if (value == LINE_END) {
      endRow(row);
      nextPause = 1;
      return next - 1;
    }
    at = next;
    part = load<usize>(part, PART_NEXT);
  }
  return 0;
}

/** Adds the shape of the line at `at`, which is a row, unless it is not one that can be. */
function learnShape(at: usize): void {
  // What is known is of no use any more.
  if (parts == SHAPES_END && nextPause == MOST_PAUSE) prepare();
  let link = SHAPES_ROOT;
  let glue = at;
  let depth = STACK;
  let node: usize = 0;
  let bracket: u8 = 0;
  let seen: u64 = 0;
  beginLine();
  while (true) {
    at = Text.space(at);
    const first = load<u8>(at);
    const target = wanted;
    if (first == COMMA) {
      at = member(Text.space(at + 1), depth, node, bracket);
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
    // Here a value begins.
    if (target != 0) {
      if (!mayHave(target, first, seen)) return;
      seen |= fieldBit(target);
    }
    if ((first | SMALL) == OPEN_OBJECT) {
      push(depth, target, at, first);
      depth += 16;
      node = target;
      bracket = first;
      at = Text.space(at + 1);
      if (load<u8>(at) != first + 2) at = member(at, depth, node, bracket);
      continue;
    }
    if (first == QUOTE) {
      link = addPart(link, glue, at + 1, target, STRING_VALUE);
      at = stringEnd(at);
      glue = at - 1;
    } else {
      link = addPart(link, glue, at, target, SCALAR_VALUE);
      at = Scalar.end(at, 0, 0);
      glue = at;
    }
    if (link == 0) return;
  }
}

/**
 * Whether a shape may have a value of that node that begins so, behind those of the `seen` fields: of a field that stands
 * twice the last value counts, and brackets have places, which shapes do not tell.
 */
function mayHave(node: usize, first: u8, seen: u64): bool {
  const own = fieldBit(node);
  if (own != 0 && (first | SMALL) == OPEN_OBJECT) return false;
  return (seen & (own | load<u64>(node, NODE_BELOW))) == 0;
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
      part != 0 && (load<u64>(part, PART_NODE) != about || !Part.is(from, part, traits))
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

/** Compiled into its callers, as `Text` is. */
class Part {
  /** Whether the bytes at `at` are those of the part, which has these traits. */
  @inline
  static is(at: usize, part: usize, traits: u32): bool {
    const same = i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(part)));
    if ((~same & traits & 0xffff) != 0) return false;
    const length = (traits >> 16) & 0xff;
    if (length <= 16) return true;
    const tail = v128.load(part, PART_TAIL);
    return !v128.any_true(v128.xor(v128.load(at + length - 16), tail));
  }
}
