/**
 * The numbers of a column of text in AssemblyScript: `textNumber` of `src/expression/text_number.ts`, eight digits at a
 * time. It must give the same bits as that one, or leave the cell to it. Part of `columns.kernel.ts`.
 *
 * Up to 8 bytes on either side of a cell are read and cut off.
 * @module
 */

import { INPUT, LEFT, STATE, VALUES } from "./layout.kernel";

const MINUS: u8 = 45;
const POINT: u8 = 46;
const NINE: u8 = 57;
const POINTS: u64 = 0x2e2e_2e2e_2e2e_2e2e;
const ZEROS: u64 = 0x3030_3030_3030_3030;
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
/** Added to a byte of more than 9, it sets the high bit. */
const OVER_NINE: u64 = 0x7676_7676_7676_7676;

/** What tenths look like with zeros for digits, and what adds up their digits: hundreds, tens, nothing, ones. */
const TENTHS: u64 = 0x302e_3030_3030_3030;
const TENTHS_FACTOR: u64 = 0x640a_0001;
/** As {@link OVER_NINE}, where instead of the point there may only be zero. */
const OVER_TENTHS: u64 = 0x767f_7676_7676_7676;
/** The same of the last four bytes, and the most that each may then be. */
const LAST_OF_TENTHS: i32 = 0x302e_3030;
const MOST_OF_TENTHS: i32 = 0x0900_0909;
/** After four cells that are not all tenths, how many are read by themselves before four are tried again: ever more. */
const FEWEST_APART: i32 = 4;
const MOST_APART: i32 = 64;
/** 1 to 10^7. */
const POWERS: usize = memory.data<f64>([1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7]);

/**
 * Reads `count` cells whose places lie at `starts` and `ends`, as offsets from `base` bytes before the input; gives how many
 * are left, and writes to `STATE` how many others are not null and spell no number.
 */
export function read(count: i32, starts: usize, ends: usize, base: i32, length: u32): i32 {
  let left = 0;
  let words = 0;
  const most = i32x4.splat(<i32> length);
  const bases = i32x4.splat(base);
  let pause = FEWEST_APART;
  let fours = 0;
  for (let cell = 0; cell < count; cell++) {
    while (cell >= fours && cell + 4 <= count) {
      if (Tenths.four(cell, starts, ends, bases, most)) {
        cell += 4;
        pause = FEWEST_APART;
      } else {
        fours = cell + pause;
        pause = min(2 * pause, MOST_APART);
      }
    }
    if (cell == count) break;
    const place = <usize> cell << 2;
    const value = <usize> cell << 3;
    const start = load<i32>(starts + place);
    const at = <u32> (start - base);
    const behind = <u32> (load<i32>(ends + place) - base);
    // A start below 0 is behind every length.
    if (<i32> (at > length) | <i32> (behind > length)) {
      if (start < 0) {
        store<f64>(value, NaN, VALUES);
        continue;
      }
    } else {
      const first = load<u8>(at, INPUT);
      const sign = <i32> (first == MINUS);
      const size = <i32> (behind - at) - sign;
      if (Cell.tenths(value, behind, size, sign)) continue;
      if (at >= behind || Cell.isLetter(first)) {
        store<f64>(value, NaN, VALUES);
        words++;
        continue;
      }
      if (Cell.decimal(value, at, size, sign)) continue;
    }
    store<i32>(LEFT + (<usize> left << 2), cell);
    left++;
  }
  store<i32>(STATE, words);
  return left;
}

/** Four cells at a time, compiled into the loop. */
class Tenths {
  /**
   * Writes the numbers of four cells, if each is one or two digits, a point and a digit, with or without a minus; false for
   * all else. A lane has the last four bytes of a cell: tens, ones, point, tenths.
   */
  @inline
  static four(cell: i32, starts: usize, ends: usize, bases: v128, most: v128): bool {
    const place = <usize> cell << 2;
    const from = i32x4.sub(v128.load(starts + place), bases);
    const behind = i32x4.sub(v128.load(ends + place), bases);
    if (v128.any_true(v128.or(i32x4.gt_u(from, most), i32x4.gt_u(behind, most)))) return false;
    const first = Tenths.pair(i32x4.extract_lane(behind, 0), i32x4.extract_lane(behind, 1));
    const second = Tenths.pair(i32x4.extract_lane(behind, 2), i32x4.extract_lane(behind, 3));
    const text = v128.shuffle<i32>(first, second, 1, 3, 5, 7);
    const before = v128.shuffle<i32>(first, second, 0, 2, 4, 6);
    const size = i32x4.sub(behind, from);
    const isFive = i32x4.eq(size, i32x4.splat(5));
    const isFour = i32x4.eq(size, i32x4.splat(4));
    const isThree = i32x4.eq(size, i32x4.splat(3));
    const hasMinus = i32x4.eq(v128.and(text, i32x4.splat(0xff)), i32x4.splat(MINUS));
    const minusFirst = v128.and(isFour, hasMinus);
    const negative = v128.or(isFive, minusFirst);
    const noTens = v128.and(v128.or(isThree, minusFirst), i32x4.splat(0xff));
    const digits = v128.andnot(v128.xor(text, i32x4.splat(LAST_OF_TENTHS)), noTens);
    const others = i8x16.gt_u(digits, i32x4.splat(MOST_OF_TENTHS));
    const noMinus = v128.and(isFive, i32x4.ne(i32x4.shr_u(before, 24), i32x4.splat(MINUS)));
    const sizes = v128.or(v128.or(isThree, isFour), isFive);
    if (v128.any_true(v128.or(v128.or(others, noMinus), v128.not(sizes)))) return false;
    const tens = i32x4.dot_i16x8_s(v128.and(digits, i32x4.splat(0x00ff_00ff)), i32x4.splat(100));
    const rest = i32x4.dot_i16x8_s(i16x8.shr_u(digits, 8), i32x4.splat(0x0001_000a));
    Tenths.write(cell, i32x4.sub(v128.xor(i32x4.add(tens, rest), negative), negative));
    return true;
  }

  /** The eight bytes in front of two places. */
  @inline
  static pair(first: i32, second: i32): v128 {
    const low = v128.load64_zero(first, INPUT - 8);
    return v128.load64_lane(second, low, 1, INPUT - 8);
  }

  @inline
  static write(cell: i32, whole: v128): void {
    const value = <usize> cell << 3;
    const ten = f64x2.splat(10);
    const upper = v128.shuffle<i32>(whole, whole, 2, 3, 2, 3);
    v128.store(value, f64x2.div(f64x2.convert_low_i32x4_s(whole), ten), VALUES);
    v128.store(value, f64x2.div(f64x2.convert_low_i32x4_s(upper), ten), VALUES + 16);
  }
}

/** Parts of the loop, each compiled into it. */
class Cell {
  /**
   * Writes the number of at most two digits, a point and a digit that end at `behind`; false for all else. Digits go to
   * their places by one product (Quan Anh Mai, in the One Billion Row Challenge). Cells of a column of such numbers differ
   * in sign and length, so neither is a branch.
   */
  @inline
  static tenths(value: usize, behind: u32, size: i32, sign: i32): bool {
    const kept = ~(<u64> 0) << <u64> (64 - (size << 3));
    const digits = (load<u64>(behind, INPUT - 8) ^ TENTHS) & kept;
    const others = (digits + OVER_TENTHS | digits) & HIGH_BITS;
    if (others | <u64> (<u32> (size - 2) > 2)) return false;
    const tenths = <i32> ((digits >> 24) * TENTHS_FACTOR >> 32) & 0x3ff;
    store<f64>(value, <f64> ((tenths ^ -sign) + sign) / 10.0, VALUES);
    return true;
  }

  /** Writes the number that up to 8 bytes behind a sign spell, digits with at most one point; false for all else. */
  @inline
  static decimal(value: usize, at: u32, size: i32, sign: i32): bool {
    if (<u32> (size - 1) > 7) return false;
    // The last byte goes to the top, so that the digits end where a word does.
    let text = load<u64>(at + sign, INPUT) << <u64> (64 - (size << 3));
    let digits = size;
    let fraction = 0;
    const points = text ^ POINTS;
    const found = points - ONES & ~points & HIGH_BITS;
    if (found != 0) {
      const place = <u64> ctz(found) - 7;
      const below = ((<u64> 1) << place) - 1;
      text = text & ~below << 8 | (text & below) << 8;
      fraction = 7 - <i32> (place >> 3);
      digits--;
      if (digits == 0) return false;
    }
    const kept = ~(<u64> 0) << <u64> (64 - (digits << 3));
    const number = text ^ ZEROS & kept;
    if (((number + OVER_NINE | number) & HIGH_BITS) != 0) return false;
    const whole = <i32> Cell.eightDigits(number);
    // Negated while whole, so that no zero is negative.
    const signed = <f64> ((whole ^ -sign) + sign);
    store<f64>(
      value,
      fraction == 0 ? signed : signed / load<f64>(POWERS + (<usize> fraction << 3)),
      VALUES,
    );
    return true;
  }

  /** Eight digits, a byte each, the first in the lowest byte (Lemire, Quickly parsing eight digits). */
  @inline
  static eightDigits(digits: u64): u64 {
    const pairs = digits * 10 + (digits >> 8);
    const first = (pairs & 0x0000_00ff_0000_00ff) * 0x000f_4240_0000_0064;
    const second = (pairs >> 16 & 0x0000_00ff_0000_00ff) * 0x0000_2710_0000_0001;
    return first + second >> 32;
  }

  @inline
  static isLetter(byte: u8): bool {
    return byte > NINE && byte < 0x80;
  }
}
