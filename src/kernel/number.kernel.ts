/**
 * The numbers of a column of text in AssemblyScript: `textNumber` of `src/expression/text_number.ts`, eight digits at a
 * time. It must give the same bits as that one, or leave the cell to it. `deno task kernels` compiles it.
 *
 * Up to 8 bytes past a cell are read and cut off; the input lies last in memory and is followed by that much.
 * @module
 */

/** How many cells fit. */
export const MOST_CELLS: i32 = 16_384;
/** How many bytes of input fit. */
export const INPUT_BYTES: i32 = 256 * 1024;

/** The starts of the cells in the input, below 0 for none; the numbers of the cells that are left come to lie here. */
export const STARTS: usize = 1024;
/** Where the cells end. */
export const ENDS: usize = STARTS + 4 * MOST_CELLS;
/** The numbers found. */
export const VALUES: usize = ENDS + 4 * MOST_CELLS;
/** The bytes of the text. */
export const INPUT: usize = VALUES + 8 * MOST_CELLS;

const MINUS: u8 = 45;
const NINE: u8 = 57;
const POINTS: u64 = 0x2e2e_2e2e_2e2e_2e2e;
const ZEROS: u64 = 0x3030_3030_3030_3030;
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
/** Added to a byte of more than 9, it sets the high bit. */
const OVER_NINE: u64 = 0x7676_7676_7676_7676;

/** Reads the first `count` cells, whose offsets count from `base` bytes before the input; gives how many are left. */
export function read(count: i32, base: i32, length: i32): i32 {
  let left = 0;
  for (let cell = 0; cell < count; cell++) {
    const start = load<i32>(STARTS + (cell << 2));
    const value = VALUES + (cell << 3);
    if (start < 0) {
      store<f64>(value, NaN);
      continue;
    }
    const end = load<i32>(ENDS + (cell << 2));
    const inside = start >= base && end <= base + length;
    const at = INPUT + (start - base);
    const size = end - start;
    if (inside && (size <= 0 || isLetter(load<u8>(at)))) {
      store<f64>(value, NaN);
      continue;
    }
    const sign = inside ? <i32> (load<u8>(at) == MINUS) : 0;
    if (!inside || !decimal(value, at + sign, size - sign)) {
      store<i32>(STARTS + (left << 2), cell);
      left++;
    } else if (sign != 0) store<f64>(value, 0.0 - load<f64>(value));
  }
  return left;
}

function isLetter(byte: u8): bool {
  return byte > NINE && byte < 0x80;
}

/** Writes the number that up to 8 bytes spell, digits with at most one point; false for all else. */
function decimal(value: usize, at: usize, size: i32): bool {
  if (<u32> (size - 1) > 7) return false;
  const unused = <u64> (64 - (size << 3));
  // The last byte goes to the top, so that the digits end where a word does.
  let text = load<u64>(at) << unused;
  let digits = size;
  let fraction = 0;
  const points = text ^ POINTS;
  const found = points - ONES & ~points & HIGH_BITS;
  if (found != 0) {
    const place = <u64> ctz(found) - 7;
    const below = ((<u64> 1) << place) - 1;
    const above = place == 56 ? 0 : ~(<u64> 0) << place + 8;
    text = text & above | (text & below) << 8;
    fraction = 7 - <i32> (place >> 3);
    digits--;
    if (digits == 0) return false;
  }
  const kept = ~(<u64> 0) << <u64> (64 - (digits << 3));
  const number = text ^ ZEROS & kept;
  if (((number + OVER_NINE | number) & HIGH_BITS) != 0) return false;
  const whole = <f64> <u32> eightDigits(number);
  store<f64>(value, fraction == 0 ? whole : whole / powerOfTen(fraction));
  return true;
}

/** Eight digits, a byte each, the first in the lowest byte (Lemire, Quickly parsing eight digits). */
function eightDigits(digits: u64): u64 {
  const pairs = digits * 10 + (digits >> 8);
  const first = (pairs & 0x0000_00ff_0000_00ff) * 0x000f_4240_0000_0064;
  const second = (pairs >> 16 & 0x0000_00ff_0000_00ff) * 0x0000_2710_0000_0001;
  return first + second >> 32;
}

function powerOfTen(power: i32): f64 {
  let result = 10.0;
  for (let at = 1; at < power; at++) result *= 10.0;
  return result;
}
