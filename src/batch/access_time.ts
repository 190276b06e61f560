/**
 * The times of access log lines, which come in order: most lines repeat the minute of the one before.
 * @module
 */
import { STRIDE, TIME_END, USER_END } from "./access_scan.ts";
import { parseAccessTime } from "./timestamp.ts";

const ZERO = 48;
/** `17/May/2015:10:05:03 +0000` */
const TIME_BYTES = 26;
/** Where its seconds begin. */
const SECONDS = 18;
/** No second is kept that may be a leap second. */
const KEPT_SECONDS = 60;

/**
 * The instant of each of `rows` rows of a tape in milliseconds since 1970, NaN for none: what `parseAccessTime` says of
 * each. A row whose text is that of the last one read but for the seconds costs a comparison.
 */
export function accessTimes(bytes: Uint8Array, tape: Int32Array, rows: number): Float64Array {
  const values = new Float64Array(rows);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let known = -1;
  let minute = 0;
  for (let row = 0, at = 0; row < rows; row++, at += STRIDE) {
    const start = tape[at + USER_END]! + 2;
    const end = tape[at + TIME_END]!;
    const second = secondOf(bytes, start, end);
    if (second < KEPT_SECONDS && known >= 0 && sameMinute(view, known, start)) {
      values[row] = minute + second * 1000;
      continue;
    }
    const time = parseAccessTime(bytes, start, end);
    values[row] = time;
    if (second < KEPT_SECONDS && time === time) {
      known = start;
      minute = time - second * 1000;
    }
  }
  return values;
}

/** The seconds of a text as long as a time; 60 or more when it has none below 60. */
function secondOf(bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== TIME_BYTES) return KEPT_SECONDS;
  const tens = bytes[start + SECONDS]! - ZERO;
  const ones = bytes[start + SECONDS + 1]! - ZERO;
  return tens >= 0 && tens <= 5 && ones >= 0 && ones <= 9 ? tens * 10 + ones : KEPT_SECONDS;
}

/** Whether two texts as long as a time agree in all but the seconds. */
function sameMinute(view: DataView, one: number, other: number): boolean {
  return view.getInt32(one + 14, true) === view.getInt32(other + 14, true) &&
    view.getInt32(one + 10, true) === view.getInt32(other + 10, true) &&
    view.getInt32(one, true) === view.getInt32(other, true) &&
    view.getInt32(one + 4, true) === view.getInt32(other + 4, true) &&
    view.getInt32(one + 8, true) === view.getInt32(other + 8, true) &&
    view.getInt32(one + 20, true) === view.getInt32(other + 20, true) &&
    view.getInt16(one + 24, true) === view.getInt16(other + 24, true);
}
