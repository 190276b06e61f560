/**
 * Words and numbers of JSON as values of a row.
 * @module
 */
import { BOOLEAN, LONG, POWERS } from "./json_memory.kernel";
import {
  FALSE,
  LETTER_E,
  LETTER_F,
  LETTER_N,
  LETTER_T,
  MINUS,
  NULL,
  POINT,
  SMALL,
  TRUE,
  ZERO,
} from "./json_bytes.kernel";
import {
  decimalOf,
  digitCount,
  exact,
  isDigit,
  longNumberEnd,
  number,
  ZEROS,
} from "./json_number.kernel";
import { forget, write, writeNumber } from "./json_tape.kernel";

/** Compiled into its callers, as `Text` is. */
export class Scalar {
  /** Behind the word or number at `at`, which is the row's value of the node unless that is 0; 0 when there is none. */
  @inline
  static end(at: usize, target: usize, row: i32): usize {
    const bytes = load<u64>(at);
    const negative = <usize> (<u8> bytes == MINUS);
    const word = (bytes >> (<u64> negative << 3)) ^ ZEROS;
    const whole = digitCount(word);
    let end = at + negative + whole;
    let after = <u8> (word >> (<u64> whole << 3));
    let rest: u64 = 0;
    let count: usize = 0;
    // Unless these are one to seven bytes with what is behind them, and no zero before other digits.
    let slow = (whole - 1 > 6 - negative) | ((whole > 1) & (<u8> word == 0));
    if (after == (POINT ^ ZERO)) {
      rest = load<u64>(++end) ^ ZEROS;
      count = digitCount(rest);
      end += count;
      after = <u8> (rest >> (<u64> count << 3));
      slow |= count - 1 > 6;
    }
    if (slow | ((after | SMALL) == (LETTER_E ^ ZERO | SMALL))) return slowEnd(at, target, row);
    if (target != 0) {
      const digits = word & ~(<u64> -1 << (<u64> whole << 3)) | rest << (<u64> whole << 3);
      const mantissa = decimalOf(digits, whole + count);
      if (whole + count > 8 || (negative != 0 && mantissa == 0)) return slowEnd(at, target, row);
      const value = <f64> (negative != 0 ? -mantissa : mantissa);
      writeNumber(target, row, value / load<f64>(POWERS + (count << 3)));
    }
    return end;
  }
}

/** The same as `Scalar.end` for words, and for numbers of any shape. */
function slowEnd(at: usize, target: usize, row: i32): usize {
  const first = load<u8>(at);
  if (first == LETTER_N) {
    if (load<u32>(at) != NULL) return 0;
    if (target != 0) forget(target);
    return at + 4;
  }
  if (first == LETTER_T || first == LETTER_F) {
    const extra = <usize> (first == LETTER_F);
    if (load<u32>(at + extra) != (first == LETTER_T ? TRUE : FALSE)) return 0;
    if (target != 0) write(target, row, BOOLEAN, at, at + 4 + extra);
    return at + 4 + extra;
  }
  const negative = first == MINUS;
  const start = at + <usize> negative;
  const end = isDigit(load<u8>(start)) ? longNumberEnd(start, negative) : 0;
  if (end == 0 || target == 0) return end;
  if (exact) writeNumber(target, row, number);
  else write(target, row, LONG, at, end);
  return end;
}
