/**
 * Numbers of JSON, in words of eight bytes and one byte at a time.
 * @module
 */
import { POWERS } from "./json_memory.kernel";
import { LETTER_E, MINUS, PLUS, POINT, SMALL, ZERO } from "./json_bytes.kernel";

/** The double of the last number read slowly. */
export let number: f64 = 0;
/** Whether that number has a double. */
export let exact: bool = false;

const EXACT_DIGITS: usize = 18;
const MOST_EXACT: u64 = 0x1f_ffff_ffff_ffff;
const EXPONENT_DIGITS: usize = 4;
const MOST_EXPONENT: i32 = 10_000;
const MOST_POWER: i32 = 22;
/** Eight times `0`. */
export const ZEROS: u64 = 0x3030_3030_3030_3030;

/** How many of the eight bytes of a word are digits, up to the first that is none, when each is less `0`. */
export function digitCount(word: u64): usize {
  return <usize> ctz(((word + 0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080) >> 3;
}

/** The number that the first `count` bytes, 1 to 8, of a word of digits are: neighbours are added up, three times. */
export function decimalOf(word: u64, count: usize): i64 {
  let value = word << ((8 - <u64> count) << 3);
  value = ((value * 2561) >> 8) & 0x00ff_00ff_00ff_00ff;
  value = ((value * 6_553_601) >> 16) & 0x0000_ffff_0000_ffff;
  return <i64> ((value * 42_949_672_960_001) >> 32);
}

/** Behind a number of any shape, less its sign, which it reads; 0 when there is none. */
export function longNumberEnd(start: usize, negative: bool): usize {
  let at = start;
  let mantissa: u64 = 0;
  for (; isDigit(load<u8>(at)); at++) mantissa = mantissa * 10 + load<u8>(at) - ZERO;
  let digits = at - start;
  if (digits > 1 && load<u8>(start) == ZERO) return 0;
  let exponent: i32 = 0;
  if (load<u8>(at) == POINT) {
    const point = ++at;
    for (; isDigit(load<u8>(at)); at++) mantissa = mantissa * 10 + load<u8>(at) - ZERO;
    if (at == point) return 0;
    digits += at - point;
    exponent = <i32> (point - at);
  }
  if ((load<u8>(at) | SMALL) == LETTER_E) {
    const minus = load<u8>(at, 1) == MINUS;
    const first = at + 1 + <usize> (minus || load<u8>(at, 1) == PLUS);
    at = digitsEnd(first);
    if (at == first) return 0;
    const size = at - first > EXPONENT_DIGITS ? MOST_EXPONENT : decimal(first, at);
    exponent += minus ? -size : size;
  }
  exact = digits <= EXACT_DIGITS && mantissa <= MOST_EXACT && abs(exponent) <= MOST_POWER &&
    !(negative && mantissa == 0);
  if (!exact) return at;
  number = <f64> mantissa;
  if (exponent < 0) number /= load<f64>(POWERS + (-exponent << 3));
  else number *= load<f64>(POWERS + (exponent << 3));
  if (negative) number = -number;
  return at;
}

function digitsEnd(at: usize): usize {
  while (isDigit(load<u8>(at))) at++;
  return at;
}

function decimal(start: usize, end: usize): i32 {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + load<u8>(at) - ZERO;
  return value;
}

/** Whether a byte is one of `0` to `9`. */
export function isDigit(byte: u8): bool {
  return <u32> byte - ZERO <= 9;
}
