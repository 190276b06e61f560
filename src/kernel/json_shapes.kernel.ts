/**
 * The shapes of lines that were read, as a tree of parts: a line of a known one costs a comparison a value. Most lines have
 * the same keys in the same order, and those that do not are of a few kinds.
 * @module
 */
import {
  BACKSLASHES,
  NINES,
  NODE_BELOW,
  SHAPES,
  SHAPES_END,
  SHAPES_ROOT,
  SPACES,
  STACK,
  TWOS,
  ZEROS,
} from "./json_memory.kernel";
import {
  BACKSLASH,
  COMMA,
  LINE_FEED,
  OPEN_OBJECT,
  QUOTE,
  SMALL,
  SPACE,
  ZERO,
} from "./json_bytes.kernel";
import { stringEnd, Text } from "./json_text.kernel";
import { fieldOf, fieldsBut } from "./json_tape.kernel";
import { Scalar } from "./json_scalar.kernel";
import {
  LINE_END,
  LINKS,
  NO_VALUE,
  Part,
  PART_ABOUT,
  PART_BYTES,
  PART_MISSING,
  PART_NEXT,
  PART_OTHER,
  PART_TAIL,
  SCALAR,
  STRING,
  WANTED,
} from "./json_part.kernel";
import { beginLine, fieldBit, member, push, wanted } from "./json_nodes.kernel";

/** A part has no more bytes. */
const MOST_GLUE: usize = 32;
const MOST_PAUSE: i32 = 64;

/** Where the next part goes. */
let parts: usize = SHAPES;
/** How many lines are read before shapes are tried or learned again, and how many the next time that none fits. */
let pause: i32 = 0;
let nextPause: i32 = 1;

/** Forgets all shapes, whose nodes are those of another tree. To be called after the tree is filled in. */
export function prepare(): void {
  store<u16>(SHAPES_ROOT, 0);
  parts = SHAPES;
  pause = 0;
  nextPause = 1;
  v128.store(BACKSLASHES, i8x16.splat(BACKSLASH));
  v128.store(SPACES, i8x16.splat(SPACE));
  v128.store(TWOS, i8x16.splat(SPACE ^ QUOTE));
  v128.store(ZEROS, i8x16.splat(ZERO));
  v128.store(NINES, i8x16.splat(9));
}

/** For how many more lines shapes are not tried. */
export function pausedLines(): i32 {
  return pause;
}

/** To be called after a line of a known shape. */
export function shapeHeld(): void {
  nextPause = 1;
}

/** Learns the shape of the line at `at`, which is of no known one but a row, unless too many are. */
export function learn(at: usize): void {
  if (pause > 0) pause--;
  else {
    learnShape(at);
    pause = nextPause - 1;
    nextPause = min(nextPause << 1, MOST_PAUSE);
  }
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
      link = addPart(link, glue, at + 1, -1, LINE_END);
      if (link != 0) store<u64>(link - PART_NEXT, fieldsBut(seen), PART_MISSING);
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
      link = addPart(link, glue, at + 1, fieldOf(target), STRING);
      at = stringEnd(at);
      glue = at - 1;
    } else {
      link = addPart(link, glue, at, fieldOf(target), SCALAR);
      at = Scalar.past(at);
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
function addPart(link: usize, from: usize, to: usize, field: i32, value: u32): usize {
  while (true) {
    const length = min(to - from, MOST_GLUE);
    const kind = from + length != to ? NO_VALUE : field < 0 ? value : value + WANTED;
    const about = <u64> 0xffff >> (16 - min<u64>(length, 16)) | <u64> length << 48 |
      <u64> kind << 54 | <u64> max(field, 0) << 58;
    let part = <usize> load<u16>(link);
    while (part != 0 && ((Part.about(part) & ~LINKS) != about || !Part.is(from, part, about))) {
      link = part + PART_OTHER;
      part = <usize> load<u16>(link);
    }
    if (part == 0) {
      if (parts == SHAPES_END) return 0;
      part = parts;
      parts += PART_BYTES;
      v128.store(part, v128.load(from));
      v128.store(part, v128.load(from + length - 16), PART_TAIL);
      store<u64>(part, about, PART_ABOUT);
      store<u16>(link, <u16> part);
    }
    link = part + PART_NEXT;
    from += length;
    if (from == to) return link;
  }
}
