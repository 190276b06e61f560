/**
 * Instants from and to bytes.
 * @module
 */

const ZERO = 48;
const DAY_MS = 86_400_000;
/** `17/May/2015:10:05:03 +0000` */
const ACCESS_TIME_BYTES = 26;
/** Month names as three lower-case letters packed in a number. */
const MONTHS: ReadonlyMap<number, number> = new Map(
  ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"].map(
    (
      name,
      index,
    ) => [packed(name.charCodeAt(0), name.charCodeAt(1), name.charCodeAt(2)), index + 1],
  ),
);
/** The first and the last instant whose ISO form has a year of four digits. */
const YEAR_0_MS = -62_167_219_200_000;
const YEAR_9999_MS = 253_402_300_799_999;
/** The length of `2015-05-17T10:05:03.000Z`. */
export const INSTANT_BYTES = 24;

function packed(first: number, second: number, third: number): number {
  return ((first | 32) << 16) | ((second | 32) << 8) | (third | 32);
}

/**
 * The instant that an access log writes as `17/May/2015:10:05:03 +0000`, in milliseconds since 1970; NaN when
 * `bytes[start, end)` is anything else or no date of the calendar. A leap second counts as the second behind it.
 */
export function parseAccessTime(bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== ACCESS_TIME_BYTES) return NaN;
  const sign = bytes[start + 21] === 43 ? 1 : bytes[start + 21] === 45 ? -1 : 0;
  const marked = bytes[start + 2] === 47 && bytes[start + 6] === 47 && bytes[start + 11] === 58 &&
    bytes[start + 14] === 58 && bytes[start + 17] === 58 && bytes[start + 20] === 32;
  if (!marked || sign === 0) return NaN;
  const month = MONTHS.get(packed(bytes[start + 3]!, bytes[start + 4]!, bytes[start + 5]!));
  if (month === undefined) return NaN;
  const day = pair(bytes, start);
  const year = pair(bytes, start + 7) * 100 + pair(bytes, start + 9);
  const hour = pair(bytes, start + 12);
  const minute = pair(bytes, start + 15);
  const second = pair(bytes, start + 18);
  const zoneMinute = pair(bytes, start + 24);
  const zone = sign * (pair(bytes, start + 22) * 60 + zoneMinute);
  const valid = day >= 1 && day <= daysIn(year, month) && hour < 24 && minute < 60 &&
    second <= 60 && zoneMinute < 60 && Math.abs(zone) < 24 * 60;
  if (!valid) return NaN;
  return daysFromCivil(year, month, day) * DAY_MS +
    ((hour * 60 + minute - zone) * 60 + second) * 1000;
}

/** The value of two digits; NaN when they are not. */
function pair(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - ZERO;
  const ones = bytes[at + 1]! - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days since 1970-01-01 of the proleptic Gregorian calendar: `days_from_civil`, Howard Hinnant, chrono-compatible dates. */
function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) +
    dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** Year, month and day of days since 1970-01-01, years 0 to 9999: `civil_from_days`, same source. */
function civilFromDays(days: number): readonly [year: number, month: number, day: number] {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra -
    (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day];
}

/**
 * Writes an instant of the years 0 to 9999 as ISO 8601 in UTC, {@link INSTANT_BYTES} bytes at `at`, exactly as
 * `Date.toISOString` would. False, with nothing written, for any other number.
 */
export function writeInstant(target: Uint8Array, at: number, milliseconds: number): boolean {
  if (!(milliseconds >= YEAR_0_MS && milliseconds <= YEAR_9999_MS)) return false;
  const whole = Math.trunc(milliseconds);
  const days = Math.floor(whole / DAY_MS);
  const inDay = whole - days * DAY_MS;
  const [year, month, day] = civilFromDays(days);
  const seconds = Math.floor(inDay / 1000);
  const minutes = Math.floor(seconds / 60);
  const fraction = inDay - seconds * 1000;
  writePair(target, at, Math.floor(year / 100));
  writePair(target, at + 2, year % 100);
  target[at + 4] = 45;
  writePair(target, at + 5, month);
  target[at + 7] = 45;
  writePair(target, at + 8, day);
  target[at + 10] = 84;
  writePair(target, at + 11, Math.floor(minutes / 60));
  target[at + 13] = 58;
  writePair(target, at + 14, minutes % 60);
  target[at + 16] = 58;
  writePair(target, at + 17, seconds % 60);
  target[at + 19] = 46;
  target[at + 20] = ZERO + Math.floor(fraction / 100);
  writePair(target, at + 21, fraction % 100);
  target[at + 23] = 90;
  return true;
}

function writePair(target: Uint8Array, at: number, value: number): void {
  target[at] = ZERO + Math.floor(value / 10);
  target[at + 1] = ZERO + value % 10;
}
