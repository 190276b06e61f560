/**
 * What is left of the tape at the end of a block.
 * @module
 */
import {
  ENDS,
  INPUT,
  KEPT,
  KINDS,
  NONE,
  NUMBER,
  NUMBERS,
  PARSED,
  STARTS,
  SUMMARIES,
} from "./json_memory.kernel";
import { room } from "./json_tape.kernel";

/** Moves `count` rows of all fields from the row `from` to the row `to`, which is before it. */
export function moveRows(fields: i32, from: i32, to: i32, count: i32): void {
  for (let field = 0; field < fields; field++) {
    const source = <usize> (field * room + from);
    const target = <usize> (field * room + to);
    memory.copy(NUMBERS + (target << 3), NUMBERS + (source << 3), <usize> count << 3);
    memory.copy(KINDS + target, KINDS + source, <usize> count);
  }
}

/**
 * Finishes the tape of so many rows: what kinds of values each field has, and where these are. Puts the bytes of all that
 * have places one behind the other, field by field, and gives their number; or, where they are more than `most`, leaves
 * them in the input and gives -1.
 */
export function keep(rows: i32, fields: i32, most: i32): i32 {
  let size: i32 = 0;
  for (let field = 0; field < fields; field++) {
    const kinds = kindsOf(field * room, rows);
    store<u8>(SUMMARIES + field, kinds);
    if (kinds != NUMBER) size += sizeOf(field * room, rows);
  }
  const moved = size <= most;
  let kept = KEPT;
  for (let field = 0; field < fields; field++) {
    if (load<u8>(SUMMARIES + field) != NUMBER) {
      kept = keepField(field * room, rows, kept, moved);
    }
  }
  return moved ? size : -1;
}

/** The union of the kinds of some values. */
function kindsOf(first: i32, rows: i32): u8 {
  const end = KINDS + <usize> (first + rows);
  let at = KINDS + <usize> first;
  let sixteen = i8x16.splat(0);
  for (; at + 16 <= end; at += 16) sixteen = v128.or(sixteen, v128.load(at));
  const eight = i64x2.extract_lane(sixteen, 0) | i64x2.extract_lane(sixteen, 1);
  const four = <u32> (eight | eight >> 32);
  const two = four | four >> 16;
  let kinds = <u8> (two | two >> 8);
  for (; at < end; at++) kinds |= load<u8>(at);
  return kinds;
}

/** How many bytes the places of some values have. */
function sizeOf(first: i32, rows: i32): i32 {
  let size: i32 = 0;
  for (let value = <usize> first; value < <usize> (first + rows); value++) {
    if (!hasPlace(load<u8>(value, KINDS))) continue;
    const place = load<u64>(value << 3, NUMBERS);
    size += <i32> (place >> 32) - <i32> place;
  }
  return size;
}

/** Writes where the values of a field are, and NaN where they are no numbers; gives where the next may be moved to. */
function keepField(first: i32, rows: i32, to: usize, moved: bool): usize {
  let kept = to;
  for (let value = <usize> first; value < <usize> (first + rows); value++) {
    const kind = load<u8>(value, KINDS);
    if (!hasPlace(kind)) {
      store<i32>(value << 2, -1, STARTS);
      store<i32>(value << 2, 0, ENDS);
      continue;
    }
    const place = load<u64>(value << 3, NUMBERS);
    let start = <i32> place;
    let end = <i32> (place >> 32);
    if (moved) {
      const from = <usize> start;
      const length = end - start;
      v128.store(kept, v128.load(from, INPUT));
      for (let next = 16; next < length; next += 16) {
        v128.store(kept + next, v128.load(from + next, INPUT));
      }
      start = <i32> (kept - KEPT);
      kept += length;
      end = <i32> (kept - KEPT);
    }
    store<i32>(value << 2, start, STARTS);
    store<i32>(value << 2, end, ENDS);
    store<f64>(value << 3, NaN, NUMBERS);
  }
  return kept;
}

function hasPlace(kind: u8): bool {
  return kind != NUMBER && kind != NONE && kind != PARSED;
}
