/**
 * The times of access log lines: `accessTimes` of `src/batch/access_time.ts`, and `parseAccessTime` of
 * `src/batch/timestamp.ts`. Part of `access_log.kernel.ts`.
 * @module
 */

import { daysFromCivil, daysIn } from "./calendar.kernel";
import { SLASH, SPACE, TAPE, TIME_END, USER_END, ZERO } from "./access_layout.kernel";

/** `17/May/2015:10:05:03 +0000` */
const TIME_BYTES: usize = 26;
/** No second is kept that may be a leap second. */
const KEPT_SECONDS: i32 = 60;
const COLON: u8 = 58;
const PLUS: u8 = 43;
const MINUS: u8 = 45;
const NO_PAIR: i32 = -0x10000;
const DAY_MS: f64 = 86_400_000;
/** Three lower-case letters of each month as a number. */
const LOWER_CASE: u32 = 0x20_2020;
const THREE_BYTES: u32 = 0xff_ffff;

/** Writes the instants of the tape's `rows` rows to `column`, NaN for none. */
export function times(rows: i32, shift: i32, column: usize): void {
  const last = TAPE + (<usize> rows << 5);
  // Of the bytes from the tenth on, all but the seconds.
  const minuteBytes = v128.not(i8x16(0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 0, 0, 0, 0, 0, 0));
  let front = i64x2.splat(0);
  let back = i64x2.splat(0);
  let minute: f64 = NaN;
  for (let row = TAPE; row < last; row += 32) {
    const start = <usize> (load<i32>(row, USER_END) + 2 + shift);
    const end = <usize> (load<i32>(row, TIME_END) + shift);
    const second = end - start == TIME_BYTES ? Seconds.of(start) : KEPT_SECONDS;
    const ownFront = v128.load(start);
    const ownBack = v128.and(v128.load(start, 10), minuteBytes);
    const other = v128.or(v128.xor(ownFront, front), v128.xor(ownBack, back));
    let time = minute + <f64> (second * 1000);
    if (second >= KEPT_SECONDS || v128.any_true(other) || minute != minute) {
      time = end - start == TIME_BYTES ? parse(start) : NaN;
      if (second < KEPT_SECONDS && time == time) {
        front = ownFront;
        back = ownBack;
        minute = time - <f64> (second * 1000);
      }
    }
    store<f64>(column, time);
    column += 8;
  }
}

/** The instant of the text of 26 bytes at `at`; NaN when it is none. */
function parse(at: usize): f64 {
  const sign = load<u8>(at, 21);
  const marked = load<u8>(at, 2) == SLASH && load<u8>(at, 6) == SLASH &&
    load<u8>(at, 11) == COLON && load<u8>(at, 14) == COLON && load<u8>(at, 17) == COLON &&
    load<u8>(at, 20) == SPACE && (sign == PLUS || sign == MINUS);
  const month = monthOf((load<u32>(at, 3) | LOWER_CASE) & THREE_BYTES);
  if (!marked || month == 0) return NaN;
  const day = pair(at);
  const year = pair(at + 7) * 100 + pair(at + 9);
  const hour = pair(at + 12);
  const minute = pair(at + 15);
  const second = pair(at + 18);
  const zoneHour = pair(at + 22);
  const zoneMinute = pair(at + 24);
  if ((day | year | hour | minute | second | zoneHour | zoneMinute) < 0) return NaN;
  const valid = day >= 1 && day <= daysIn(year, month) && hour < 24 && minute < 60 &&
    second <= 60 && zoneMinute < 60 && zoneHour < 24;
  if (!valid) return NaN;
  const zone = (zoneHour * 60 + zoneMinute) * (sign == PLUS ? 1 : -1);
  const inDay = ((hour * 60 + minute - zone) * 60 + second) * 1000;
  return <f64> daysFromCivil(year, month, day) * DAY_MS + <f64> inDay;
}

/** The value of two digits, far below 0 when they are not. */
function pair(at: usize): i32 {
  const tens = <u32> load<u8>(at) - ZERO;
  const ones = <u32> load<u8>(at, 1) - ZERO;
  return tens <= 9 && ones <= 9 ? tens * 10 + ones : NO_PAIR;
}

/** The number of the month that three lower-case letters name, 0 for none. */
function monthOf(name: u32): i32 {
  switch (name) {
    case 0x6e_616a:
      return 1;
    case 0x62_6566:
      return 2;
    case 0x72_616d:
      return 3;
    case 0x72_7061:
      return 4;
    case 0x79_616d:
      return 5;
    case 0x6e_756a:
      return 6;
    case 0x6c_756a:
      return 7;
    case 0x67_7561:
      return 8;
    case 0x70_6573:
      return 9;
    case 0x74_636f:
      return 10;
    case 0x76_6f6e:
      return 11;
    case 0x63_6564:
      return 12;
    default:
      return 0;
  }
}

/** Compiled into the loop. */
class Seconds {
  /** The seconds of a time, 60 or more when it has none below 60. */
  @inline
  static of(start: usize): i32 {
    const tens = <u32> load<u8>(start, 18) - ZERO;
    const ones = <u32> load<u8>(start, 19) - ZERO;
    return tens <= 5 && ones <= 9 ? tens * 10 + ones : KEPT_SECONDS;
  }
}
