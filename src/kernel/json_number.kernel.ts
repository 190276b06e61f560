/**
 * Numbers of JSON, in words of eight bytes and one byte at a time.
 * @module
 */
import { NINES, POWERS, ZEROS } from "./json_memory.kernel";
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
export const ZERO_WORD: u64 = 0x3030_3030_3030_3030;

/** Compiled into its callers, as `Text` is. */
export class Digits {
  /** The high bit of each byte of a word that is no digit, up to the first that is none when each is less `0`. */
  @inline
  static others(word: u64): u64 {
    return ((word + 0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080;
  }

  /** Eight digits, a byte each, the first in the lowest byte (Lemire, Quickly parsing eight digits). */
  @inline
  static eight(digits: u64): u64 {
    const pairs = digits * 10 + (digits >> 8);
    const first = (pairs & 0x0000_00ff_0000_00ff) * 0x000f_4240_0000_0064;
    const second = (pairs >> 16 & 0x0000_00ff_0000_00ff) * 0x0000_2710_0000_0001;
    return (first + second) >> 32;
  }

  /** Whether a number goes on with such a byte: a point or the letter of an exponent. Anything else ends it or the row. */
  @inline
  static goesOn(byte: u8): bool {
    return byte == POINT || (byte | SMALL) == LETTER_E;
  }
}

/**
 * Behind a number of up to fifteen digits with or without a point, less its sign, which it reads; 0 for others, and when
 * there is none.
 */
export function wideNumberEnd(start: usize, negative: bool): usize {
  const bytes = v128.xor(v128.load(start), v128.load(ZEROS));
  const others = ~i8x16.bitmask(i8x16.le_u(bytes, v128.load(NINES)));
  const first = ctz(others);
  const pointed = load<u8>(start + <usize> first) == POINT;
  const last = pointed ? ctz(others & (others - 1)) : first;
  if (last > 15 || (pointed && last == first + 1)) return 0;
  if (first != 1 && load<u8>(start) == ZERO) return 0;
  const end = start + <usize> last;
  if (Digits.goesOn(load<u8>(end))) return 0;
  const count = last - <i32> pointed;
  // To the right, without the point.
  const places = i8x16.add(
    i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    i8x16.splat(<i8> (count - 16)),
  );
  const right = i8x16.swizzle(
    bytes,
    i8x16.sub(places, i8x16.ge_s(places, i8x16.splat(<i8> first))),
  );
  const mantissa = Digits.eight(i64x2.extract_lane(right, 0)) * 100_000_000 +
    Digits.eight(i64x2.extract_lane(right, 1));
  exact = !(negative && mantissa == 0);
  number = <f64> <i64> mantissa / load<f64>(POWERS + <usize> ((last - first - <i32> pointed) << 3));
  if (negative) number = -number;
  return end;
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
