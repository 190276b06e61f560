/**
 * Words and numbers of JSON as values of a row, or without their value.
 * @module
 */
import { BOOLEAN, LONG, NINES, NUMBER, POWERS, ZEROS } from "./json_memory.kernel";
import {
  COMMA,
  FALSE,
  LETTER_F,
  LETTER_N,
  LETTER_T,
  MINUS,
  NULL,
  POINT,
  TRUE,
  ZERO,
} from "./json_bytes.kernel";
import {
  Digits,
  exact,
  isDigit,
  longNumberEnd,
  number,
  wideNumberEnd,
  ZERO_WORD,
} from "./json_number.kernel";
import { Tape, unset, write } from "./json_tape.kernel";

/**
 * Compiled into its callers, as `Text` is. What is not taken here is told by branches, none of which is taken in a column
 * of short numbers, and which cost less than the flags.
 */
export class Scalar {
  /** Behind the word or number at `at`, which is the row's value of the field; 0 when there is none. */
  @inline
  static end(at: usize, field: i32, row: i32): usize {
    let start = at;
    let word = load<u64>(start) ^ ZERO_WORD;
    const negative = <u8> word == (MINUS ^ ZERO);
    if (negative) word = load<u64>(++start) ^ ZERO_WORD;
    let marked = Digits.others(word);
    // A digit at first, no zero before another, and one of eight bytes that is none.
    if ((marked & 0x80) != 0 || ((word & 0xff) | (marked & 0x8000)) == 0 || marked == 0) {
      return slowEnd(at, field, row);
    }
    let last = ctz(marked) & 0x78;
    let value: f64;
    if (<u8> (word >> last) == (POINT ^ ZERO)) {
      const below = ((<u64> 1) << last) - 1;
      const point = last + 8;
      marked &= marked - 1;
      last = ctz(marked) & 0x78;
      if (marked == 0 || last == point) return slowEnd(at, field, row);
      word = (word & below) | (word >> 8) & ~below;
      value = <f64> <i64> Digits.eight(word << (72 - last)) /
        load<f64>(<usize> (last - point), POWERS);
    } else value = <f64> <i64> Digits.eight(word << (64 - last));
    const end = start + <usize> (last >> 3);
    const after = load<u8>(end);
    if (after != COMMA && Digits.goesOn(after)) return slowEnd(at, field, row);
    if (negative) {
      if (value == 0) return slowEnd(at, field, row);
      value = -value;
    }
    Tape.number(field, row, NUMBER, value);
    return end;
  }

  /** Behind the word or number at `at`; 0 when there is none. */
  @inline
  static past(at: usize): usize {
    let end = at;
    if (load<u8>(at) == MINUS) end++;
    const bytes = v128.xor(v128.load(end), v128.load(ZEROS));
    let others = ~i8x16.bitmask(i8x16.le_u(bytes, v128.load(NINES)));
    // A digit at first, and no zero before another.
    if ((others & 1) != 0) return slowEnd(at, -1, 0);
    if ((others & 2) == 0 && load<u8>(end) == ZERO) return slowEnd(at, -1, 0);
    let count = ctz(others);
    let after = load<u8>(end + <usize> count);
    if (after != COMMA) {
      if (after == POINT && count < 16) {
        others &= others - 1;
        if (ctz(others) == count + 1) return slowEnd(at, -1, 0);
        count = ctz(others);
        after = load<u8>(end + <usize> count);
      }
      if (count > 15 || Digits.goesOn(after)) return slowEnd(at, -1, 0);
    }
    return end + <usize> count;
  }
}

/** The same as `Scalar.end` for words, and for numbers of any shape; the same as `Scalar.past` without a field. */
function slowEnd(at: usize, field: i32, row: i32): usize {
  const first = load<u8>(at);
  if (first == LETTER_N) {
    if (load<u32>(at) != NULL) return 0;
    if (field >= 0) unset(<u64> 1 << field, row);
    return at + 4;
  }
  if (first == LETTER_T || first == LETTER_F) {
    const extra = <usize> (first == LETTER_F);
    if (load<u32>(at + extra) != (first == LETTER_T ? TRUE : FALSE)) return 0;
    if (field >= 0) write(field, row, BOOLEAN, at, at + 4 + extra);
    return at + 4 + extra;
  }
  const negative = first == MINUS;
  const start = at + <usize> negative;
  if (!isDigit(load<u8>(start))) return 0;
  let end = wideNumberEnd(start, negative);
  if (end == 0) end = longNumberEnd(start, negative);
  if (end == 0 || field < 0) return end;
  if (exact) Tape.number(field, row, NUMBER, number);
  else write(field, row, LONG, at, end);
  return end;
}
