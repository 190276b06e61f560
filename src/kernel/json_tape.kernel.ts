/**
 * What the JSON kernel writes of each row, and what is left of it at the end of a block.
 * @module
 */
import {
  ENDS,
  ESCAPED,
  INPUT,
  KEPT,
  KINDS,
  NODE_BELOW,
  NODE_FIELD,
  NONE,
  NUMBER,
  NUMBERS,
  OTHER,
  STARTS,
  SUMMARIES,
  TEXT,
} from "./json_memory.kernel";
import { isUtf8 } from "./json_text.kernel";

let room: i32 = 0;
/** All fields as bits. */
let all: u64 = 0;
/** The fields that the row has, as bits. */
let written: u64 = 0;
/** The fields of which some row has a number, as bits. */
let numbers: u64 = 0;

/** A tape for so many fields, with room for so many rows: a new one, or going on. */
export function beginTape(fields: i32, most: i32, anew: bool): void {
  room = most;
  all = fields == 0 ? 0 : <u64> -1 >> (64 - fields);
  if (anew) numbers = 0;
}

/** To be called before the first value of a row is written. */
export function beginRow(): void {
  written = 0;
}

/** What the row does not have by now is not there. */
export function endRow(row: i32): void {
  if (written != all) unset(all & ~written, row);
}

/** Forgets what the row has below a node: another value of that begins. */
export function forgetBelow(node: usize): void {
  written &= ~load<u64>(node, NODE_BELOW);
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
export function write(node: usize, row: i32, kind: u8, start: usize, end: usize): void {
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

/** A value that is null. */
export function forget(node: usize): void {
  const field = load<i32>(node, NODE_FIELD);
  if (field >= 0) written &= ~(<u64> 1 << field);
}

/** Writes a number, whose other marks are made by `keep`. */
export function writeNumber(node: usize, row: i32, value: f64): void {
  const field = load<i32>(node, NODE_FIELD);
  if (field < 0) return;
  const bit = <u64> 1 << field;
  store<f64>(NUMBERS + ((field * room + row) << 3), value);
  numbers |= bit;
  written |= bit;
}

/** Writes the string between the quotes around `start` and `end`. */
export function writeString(node: usize, row: i32, start: usize, end: usize, escapes: bool): void {
  if (isUtf8(start, end)) write(node, row, escapes ? ESCAPED : TEXT, start, end);
  else write(node, row, OTHER, start - 1, end + 1);
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
