/**
 * Columns of the fields that a plan reads, made of the tape that a scan has left: `AccessColumns` of
 * `src/batch/access_columns.ts`, which must find the same values. Part of `access_log.kernel.ts`.
 * @module
 */

import { Kept } from "./access_kept.kernel";
import { closingQuote } from "./access_line.kernel";
import {
  BYTES_END,
  COLUMNS,
  DASH,
  IDENT_END,
  INPUT,
  IP_END,
  LINE_END,
  QUOTE,
  REQUEST_END,
  SPACE,
  TAPE,
  TIME_END,
  USER_END,
  ZERO,
} from "./access_layout.kernel";
import { requests } from "./access_request.kernel";
import { times } from "./access_time.kernel";

/** A bit each, in the order of `KERNEL_FIELDS` in `access_kernel.ts`, which is that of their columns. */
const STATUS: i32 = 1;
const BYTES: i32 = 2;
const TIME: i32 = 4;
const IP: i32 = 8;
const IDENT: i32 = 16;
const USER: i32 = 32;
const REQUEST: i32 = 64;
/** Method, path, query and protocol have bits of their own. */
const REQUEST_PARTS: i32 = 15 << 7;
const REFERER: i32 = 1 << 11;
const AGENT: i32 = 1 << 12;

/** A number of this many digits is read as one word. */
const WORD_DIGITS: usize = 8;
const ZEROS: u64 = 0x3030_3030_3030_3030;
const ONE_MASK: u64 = 0x00ff_00ff_00ff_00ff;
const TWO_MASK: u64 = 0x0000_ffff_0000_ffff;

/**
 * Writes the wanted columns of the tape's `rows` rows to `COLUMNS`, eight bytes a row each: numbers, or of texts all starts and then
 * all ends, -1 as the start of a null. They count from behind the columns, where the texts' bytes are. Gives the length of all.
 */
export function columns(rows: i32, base: i32, wanted: i32): i32 {
  const size = <usize> rows << 3;
  const shift = <i32> INPUT - base;
  let column = COLUMNS;
  Kept.start(COLUMNS + <usize> popcnt(wanted) * size);
  if ((wanted & STATUS) != 0) {
    statuses(rows, shift, column);
    column += size;
  }
  if ((wanted & BYTES) != 0) {
    sizes(rows, shift, column);
    column += size;
  }
  if ((wanted & TIME) != 0) {
    times(rows, shift, column);
    column += size;
  }
  if ((wanted & IP) != 0) {
    texts(rows, shift, 0, IP_END, 0, column);
    column += size;
  }
  if ((wanted & IDENT) != 0) {
    texts(rows, shift, IP_END, IDENT_END, 1, column);
    column += size;
  }
  if ((wanted & USER) != 0) {
    texts(rows, shift, IDENT_END, USER_END, 1, column);
    column += size;
  }
  if ((wanted & REQUEST) != 0) {
    texts(rows, shift, TIME_END, REQUEST_END, 3, column);
    column += size;
  }
  const parts = wanted & REQUEST_PARTS;
  if (parts != 0) {
    requests(rows, shift, parts >> 7, column);
    column += size * <usize> popcnt(parts);
  }
  const rest = wanted & (REFERER | AGENT);
  if (rest != 0) quoted(rows, shift, (rest & REFERER) != 0, (rest & AGENT) != 0, column);
  return <i32> (Kept.end() - COLUMNS);
}

function statuses(rows: i32, shift: i32, column: usize): void {
  const last = TAPE + (<usize> rows << 5);
  for (let row = TAPE; row < last; row += 32) {
    const at = load<i32>(row, REQUEST_END) + shift + 2;
    const value = <i32> load<u8>(at) * 100 + <i32> load<u8>(at, 1) * 10 + <i32> load<u8>(at, 2);
    store<f64>(column, load<u8>(at) == DASH ? NaN : <f64> (value - 48 * 111));
    column += 8;
  }
}

function sizes(rows: i32, shift: i32, column: usize): void {
  const last = TAPE + (<usize> rows << 5);
  for (let row = TAPE; row < last; row += 32) {
    const status = <usize> (load<i32>(row, REQUEST_END) + shift + 2);
    const start = status + (load<u8>(status) == DASH ? 2 : 4);
    const end = <usize> (load<i32>(row, BYTES_END) + shift);
    const value = end - start > WORD_DIGITS ? longNumber(start, end) : Cell.word(start, end);
    // Where the size begins, a dash stands in place of digits.
    store<f64>(column, load<u8>(start) == DASH ? NaN : value);
    column += 8;
  }
}

/** Rounded digit by digit, as `parseDigits` does. */
function longNumber(start: usize, end: usize): f64 {
  let value: f64 = 0;
  for (let at = start; at < end; at++) value = value * 10 + <f64> (<i32> load<u8>(at) - ZERO);
  return value == Infinity ? NaN : value;
}

/** The texts from `skip` behind the place at `from` of each row to that at `to`; a dash is null. */
function texts(rows: i32, shift: i32, from: usize, to: usize, skip: i32, column: usize): void {
  const last = TAPE + (<usize> rows << 5);
  const ends = <usize> rows << 2;
  for (let row = TAPE; row < last; row += 32) {
    const start = <usize> (load<i32>(row + from) + skip + shift);
    const end = <usize> (load<i32>(row + to) + shift);
    Kept.cell(start, end, Cell.isDash(start, end), column, ends);
    column += 4;
  }
}

/** The referers and agents, which are looked for only here. */
function quoted(rows: i32, shift: i32, referer: bool, agent: bool, column: usize): void {
  const last = TAPE + (<usize> rows << 5);
  const ends = <usize> rows << 2;
  let agents = column + (referer ? <usize> rows << 3 : 0);
  for (let row = TAPE; row < last; row += 32) {
    const end = <usize> (load<i32>(row, LINE_END) + shift);
    const start = <usize> (load<i32>(row, BYTES_END) + shift + 2);
    const close = closingQuote(start, end);
    if (referer) {
      Kept.cell(start, close, Cell.isDash(start, close), column, ends);
      column += 4;
    }
    if (!agent) continue;
    const from = close + 3;
    const present = from <= end && load<u8>(from - 1) == QUOTE && load<u8>(from - 2) == SPACE;
    const to = present ? closingQuote(from, end) : from;
    Kept.cell(from, to, !present || Cell.isDash(from, to), agents, ends);
    agents += 4;
  }
}

/** What is done with every cell, compiled into the loops. */
class Cell {
  @inline
  static isDash(start: usize, end: usize): bool {
    return end - start == 1 && load<u8>(start) == DASH;
  }

  /** The number of up to eight digits, those before `end`; what stands before them is shifted out. */
  @inline
  static word(start: usize, end: usize): f64 {
    const before = <u64> (WORD_DIGITS - (end - start)) << 3;
    let digits = ((load<u64>(end - WORD_DIGITS) ^ ZEROS) >> before) << before;
    digits = digits * 10 + (digits >> 8) & ONE_MASK;
    digits = digits * 100 + (digits >> 16) & TWO_MASK;
    return <f64> (<u32> (digits * 10000 + (digits >> 32)));
  }
}
