/**
 * What the JSON kernel writes of each row: a byte that tells the kind of each value, and eight that are its double or the
 * two offsets of its place.
 * @module
 */
import {
  ESCAPED,
  INPUT,
  KINDS,
  NODE_BELOW,
  NODE_FIELD,
  NONE,
  NUMBER,
  NUMBERS,
  OTHER,
  TEXT,
} from "./json_memory.kernel";
import { isUtf8 } from "./json_text.kernel";

/** How many rows a field has room for. */
export let room: i32 = 0;
/** All fields as bits. */
let all: u64 = 0;
/** The fields that the row has, as bits. */
let written: u64 = 0;

/** A tape for so many fields, with room for so many rows. */
export function beginTape(fields: i32, most: i32): void {
  room = most;
  all = fields == 0 ? 0 : <u64> -1 >> (64 - fields);
}

/** To be called before the first value of a row is noted. */
export function beginRow(): void {
  written = 0;
}

/** What the row does not have by now is not there. */
export function endRow(row: i32): void {
  if (written != all) unset(all & ~written, row);
}

/** Of all fields, those that are not among these. */
export function fieldsBut(fields: u64): u64 {
  return all & ~fields;
}

/** The field of a node, or -1; of none, -1. */
export function fieldOf(node: usize): i32 {
  return node == 0 ? -1 : load<i32>(node, NODE_FIELD);
}

/** Notes that the row has a value of the field, unless that is -1. */
export function note(field: i32): void {
  if (field >= 0) written |= <u64> 1 << field;
}

/** Forgets what the row has below a node: another value of that begins. */
export function forgetBelow(node: usize): void {
  written &= ~load<u64>(node, NODE_BELOW);
}

/** Those fields of the row as not there. */
export function unset(fields: u64, row: i32): void {
  for (; fields != 0; fields &= fields - 1) Tape.number(<i32> ctz(fields), row, NONE, NaN);
}

/** Compiled into its callers, as `Text` is. */
export class Tape {
  /** Writes a value that has a place. */
  @inline
  static place(field: i32, row: i32, kind: u8, start: usize, end: usize): void {
    const value = <usize> (field * room + row);
    const place = <u64> (start - INPUT) | <u64> (end - INPUT) << 32;
    store<u64>(value << 3, place, NUMBERS);
    store<u8>(value, kind, KINDS);
  }

  /** Writes a number, or NaN where there is nothing. */
  @inline
  static number(field: i32, row: i32, kind: u8, number: f64): void {
    const value = <usize> (field * room + row);
    store<f64>(value << 3, number, NUMBERS);
    store<u8>(value, kind, KINDS);
  }
}

/** Writes a value that has a place. */
export function write(field: i32, row: i32, kind: u8, start: usize, end: usize): void {
  Tape.place(field, row, kind, start, end);
}

/** Writes the string between the quotes around `start` and `end`. */
export function writeString(field: i32, row: i32, start: usize, end: usize, escapes: bool): void {
  if (isUtf8(start, end)) write(field, row, escapes ? ESCAPED : TEXT, start, end);
  else write(field, row, OTHER, start - 1, end + 1);
}
