/**
 * The proleptic Gregorian calendar, as in `src/batch/timestamp.ts`, for kernels that read times.
 * @module
 */

/** How many days a month has, 1 for January. */
export function daysIn(year: i32, month: i32): i32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** Days since 1970-01-01, of years from 0 on: as in `src/batch/timestamp.ts`. */
export function daysFromCivil(year: i32, month: i32, day: i32): i32 {
  // Counted from 400 years earlier, so that nothing is below 0.
  const shifted = year + 400 - <i32> (month <= 2);
  const era = shifted / 400;
  const yearOfEra = shifted - era * 400;
  const dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
  return (era - 1) * 146_097 + dayOfEra - 719_468;
}
