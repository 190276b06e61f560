/**
 * Lines of known shapes: each value costs a comparison of what stands before it, and finding its end.
 * @module
 */
import { INPUT, SHAPES_ROOT, TEXT } from "./json_memory.kernel";
import { stringEnd, Text } from "./json_text.kernel";
import { Tape, unset, writeString } from "./json_tape.kernel";
import { Scalar } from "./json_scalar.kernel";
import { LINE_END, Part, SCALAR, STRING, WANTED_SCALAR, WANTED_STRING } from "./json_part.kernel";
import { shapeHeld } from "./json_shapes.kernel";
import { advance, AT, FIRST, FOURTH, ROW, SECOND, THIRD } from "./json_lanes.kernel";

/** Writes `row` from the line at `at` if it has a known shape; gives where it ends, or 0. */
export function knownLine(at: usize, row: i32): usize {
  return restOf(at, <usize> load<u16>(SHAPES_ROOT), row);
}

/** The same of a line that is known up to `at`, where the part or one in its place has to be. */
function restOf(at: usize, first: usize, row: i32): usize {
  let part = first;
  while (part != 0) {
    const about = Part.about(part);
    let next: usize = 0;
    if (Part.is(at, part, about)) {
      next = at + Part.size(about);
      const value = Part.value(about);
      if (value == STRING) next = Value.string(next, about);
      else if (value == SCALAR) next = Scalar.past(next);
      else if (value == WANTED_STRING) next = Value.wantedString(next, about, row);
      else if (value == WANTED_SCALAR) next = Scalar.end(next, Part.field(about), row);
      else if (value == LINE_END) {
        unset(Part.missing(part), row);
        return next - 1;
      }
    }
    // Another value may begin behind the same bytes.
    if (next == 0) part = Part.other(about);
    else {
      part = Part.next(about);
      at = next;
    }
  }
  return 0;
}

/**
 * Reads a line in each lane: part by part in turn, as long as all have the same, then each by itself. Gives the lanes whose
 * lines are of no known shape, as bits. As long as it is because a loop over the lanes is slower than none (V8, JSC).
 */
export function knownLines(): i32 {
  let one = INPUT + load<usize>(FIRST, AT);
  let two = INPUT + load<usize>(SECOND, AT);
  let three = INPUT + load<usize>(THIRD, AT);
  let four = INPUT + load<usize>(FOURTH, AT);
  let part = <usize> load<u16>(SHAPES_ROOT);
  while (part != 0) {
    const about = Part.about(part);
    if (!Part.isAll(one, two, three, four, part, about)) {
      if (Part.isAny(one, two, three, four, part, about)) break;
      part = Part.other(about);
      continue;
    }
    const value = Part.value(about);
    let next1 = one + Part.size(about);
    let next2 = two + Part.size(about);
    let next3 = three + Part.size(about);
    let next4 = four + Part.size(about);
    if (value == STRING) {
      next1 = Value.string(next1, about);
      next2 = Value.string(next2, about);
      next3 = Value.string(next3, about);
      next4 = Value.string(next4, about);
    } else if (value == SCALAR) {
      next1 = Scalar.past(next1);
      next2 = Scalar.past(next2);
      next3 = Scalar.past(next3);
      next4 = Scalar.past(next4);
    } else if (value == WANTED_STRING) {
      next1 = Value.wantedString(next1, about, load<i32>(FIRST, ROW));
      next2 = Value.wantedString(next2, about, load<i32>(SECOND, ROW));
      next3 = Value.wantedString(next3, about, load<i32>(THIRD, ROW));
      next4 = Value.wantedString(next4, about, load<i32>(FOURTH, ROW));
    } else if (value == WANTED_SCALAR) {
      next1 = Scalar.end(next1, Part.field(about), load<i32>(FIRST, ROW));
      next2 = Scalar.end(next2, Part.field(about), load<i32>(SECOND, ROW));
      next3 = Scalar.end(next3, Part.field(about), load<i32>(THIRD, ROW));
      next4 = Scalar.end(next4, Part.field(about), load<i32>(FOURTH, ROW));
    } else if (value == LINE_END) {
      endLine(FIRST, next1, part);
      endLine(SECOND, next2, part);
      endLine(THIRD, next3, part);
      endLine(FOURTH, next4, part);
      shapeHeld();
      return 0;
    }
    if (next1 == 0 || next2 == 0 || next3 == 0 || next4 == 0) {
      if ((next1 | next2 | next3 | next4) != 0) break;
      part = Part.other(about);
      continue;
    }
    one = next1;
    two = next2;
    three = next3;
    four = next4;
    part = Part.next(about);
  }
  const odd = oddRest(FIRST, one, part) | oddRest(SECOND, two, part) << 1 |
    oddRest(THIRD, three, part) << 2 | oddRest(FOURTH, four, part) << 3;
  if (odd != 15) shapeHeld();
  return odd;
}

/** Goes on in a lane by itself; gives 1 if its line is of no known shape. */
function oddRest(lane: usize, at: usize, part: usize): i32 {
  const newline = restOf(at, part, load<i32>(lane, ROW));
  if (newline == 0) return 1;
  advance(lane, newline + 1);
  return 0;
}

/** The lane's line ends before `at`, with that part. */
function endLine(lane: usize, at: usize, part: usize): void {
  unset(Part.missing(part), load<i32>(lane, ROW));
  advance(lane, at);
}

/** Compiled into its callers, as `Text` is. */
class Value {
  /** The quote that ends the string at `start`, or 0. */
  @inline
  static string(start: usize, about: u64): usize {
    const end = Text.plainEnd(start);
    return end == 0 ? hardString(start, about, 0) : end;
  }

  /** The same of one that is the row's value of the part's field. */
  @inline
  static wantedString(start: usize, about: u64, row: i32): usize {
    const end = Text.plainEnd(start);
    if (end == 0) return hardString(start, about, row);
    if (Text.isAscii(start, end)) Tape.place(Part.field(about), row, TEXT, start, end);
    else writeString(Part.field(about), row, start, end, false);
    return end;
  }
}

/** The quote that ends the string at `start`, which has escapes or is none: then 0. */
function hardString(start: usize, about: u64, row: i32): usize {
  const end = stringEnd(start - 1);
  if (end == 0) return 0;
  if (Part.value(about) == WANTED_STRING) {
    writeString(Part.field(about), row, start, end - 1, true);
  }
  return end - 1;
}
