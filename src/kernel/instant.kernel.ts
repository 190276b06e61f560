/**
 * Instants out of texts in ISO 8601 in AssemblyScript: those that `parseInstant` of `src/expression/instant.ts` gives, of the spelling
 * that logs have; others are left to it. Part of `columns.kernel.ts`.
 *
 * Up to 40 bytes behind a cell are read, which decides nothing.
 * @module
 */

import { daysFromCivil, daysIn } from "./calendar.kernel";
import { INPUT, LEFT, VALUES } from "./layout.kernel";

const ZERO: u8 = 48;
const COLON: u8 = 58;
const POINT: u8 = 46;
const COMMA: u8 = 44;
const DASH: u8 = 45;
const PLUS: u8 = 43;
const SPACE: u8 = 32;
/** `2015-05-17T10:05:03` */
const PLAIN_BYTES: i32 = 19;
const MOST_DIGITS: i32 = 9;
const DAY_MS: f64 = 86_400_000;
/** What is no two digits: below 0 even with the rest of a year. */
const NONE: i32 = -100_000;
/** Of what this kernel does not read. */
const NO_DATE: f64 = -1e300;
const NO_ZONE: i32 = 100_000;

/**
 * Writes the instant of each cell to `VALUES`, in milliseconds since 1970. `starts` and `ends` are where those of the column lie,
 * offsets from `base` bytes before the input. Cells that do not lie in the `length` bytes of the input or are spelled in another
 * way are listed in `LEFT`, nulls among them. Gives how many.
 */
export function instants(count: i32, starts: usize, ends: usize, base: i32, length: i32): i32 {
  let left = 0;
  let known: u64 = 0;
  let knownDay: u32 = 0;
  let date = NO_DATE;
  for (let cell = 0; cell < count; cell++) {
    const place = <usize> cell << 2;
    const start = load<i32>(starts + place) - base;
    const end = load<i32>(ends + place) - base;
    let time = NO_DATE;
    if (start >= 0 && end <= length && end - start >= PLAIN_BYTES) {
      const at = INPUT + start;
      // Rows come in order, so most repeat the date of the one before.
      const front = load<u64>(at);
      const day = <u32> load<u16>(at, 8);
      if (front != known || day != knownDay) {
        date = dateOf(at);
        known = front;
        knownDay = day;
      }
      if (date != NO_DATE) time = date + timeOf(at + 10, INPUT + end);
    }
    if (time > NO_DATE / 2) store<f64>(VALUES + (place << 1), time);
    else {
      store<i32>(LEFT + (left << 2), cell);
      left++;
    }
  }
  return left;
}

/** The first millisecond of `2015-05-17`. */
function dateOf(at: usize): f64 {
  const year = Two.digits(at) * 100 + Two.digits(at + 2);
  const month = Two.digits(at + 5);
  const day = Two.digits(at + 8);
  const marked = load<u8>(at, 4) == DASH && load<u8>(at, 7) == DASH;
  if (!marked || (year | month | day) < 0) return NO_DATE;
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return NO_DATE;
  return <f64> daysFromCivil(year, month, day) * DAY_MS;
}

/** The milliseconds of `T10:05:03` and what stands behind it up to `end`: a fraction, a zone, both or nothing. */
function timeOf(at: usize, end: usize): f64 {
  const mark = load<u8>(at);
  const hour = Two.digits(at + 1);
  const minute = Two.digits(at + 4);
  const second = Two.digits(at + 7);
  const marked = (mark == SPACE || (mark | 32) == 116) && load<u8>(at, 3) == COLON &&
    load<u8>(at, 6) == COLON;
  if (!marked || (hour | minute | second) < 0 || hour > 23 || minute > 59 || second > 60) {
    return NO_DATE;
  }
  let next = at + 9;
  let milliseconds = 0;
  if (next < end && (load<u8>(next) == POINT || load<u8>(next) == COMMA)) {
    const digits = ++next;
    let weight = 100;
    for (; next < end && <u32> load<u8>(next) - ZERO <= 9; next++) {
      milliseconds += (<i32> load<u8>(next) - ZERO) * weight;
      weight /= 10;
    }
    if (next == digits || <i32> (next - digits) > MOST_DIGITS) return NO_DATE;
  }
  const zone = zoneOf(next, end);
  if (zone == NO_ZONE) return NO_DATE;
  return <f64> (((hour * 60 + minute - zone) * 60 + second) * 1000 + milliseconds);
}

/** The minutes of nothing, `Z`, `+0200` or `+02:00`. */
function zoneOf(at: usize, end: usize): i32 {
  const size = <i32> (end - at);
  if (size == 0) return 0;
  if (size == 1) return (load<u8>(at) | 32) == 122 ? 0 : NO_ZONE;
  const sign = load<u8>(at) == PLUS ? 1 : load<u8>(at) == DASH ? -1 : 0;
  const behind = size == 6 && load<u8>(at, 3) == COLON ? 4 : 3;
  const hours = Two.digits(at + 1);
  const minutes = Two.digits(at + behind);
  if (sign == 0 || size != behind + 2 || (hours | minutes) < 0) return NO_ZONE;
  return hours > 23 || minutes > 59 ? NO_ZONE : sign * (hours * 60 + minutes);
}

/** Compiled into what reads them. */
class Two {
  /** The value of two digits, far below 0 when they are not. */
  @inline
  static digits(at: usize): i32 {
    const tens = <u32> load<u8>(at) - ZERO;
    const ones = <u32> load<u8>(at, 1) - ZERO;
    return tens <= 9 && ones <= 9 ? tens * 10 + ones : NONE;
  }
}
