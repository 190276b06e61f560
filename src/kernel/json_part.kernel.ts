/**
 * Parts of known lines, 64 bytes each. A part is what stands before a value, from the value before it on: its first sixteen
 * bytes, and its last where there are more; a word about it; and at a line's end the fields that such lines lack, as bits.
 * The word has sixteen bits each for which of the first bytes count, where the first part behind it is and where the next
 * in its own place, or 0; then six for how many bytes the part has, four for what follows and six for that value's field.
 * @module
 */

/** Where in a part its last bytes are. */
export const PART_TAIL: usize = 16;
/** The word about it. */
export const PART_ABOUT: usize = 32;
/** The place of the first part behind it. */
export const PART_NEXT: usize = PART_ABOUT + 2;
/** The place of the next in its own place. */
export const PART_OTHER: usize = PART_ABOUT + 4;
/** The fields that lines which end with it lack. */
export const PART_MISSING: usize = 40;
/** What a part takes. */
export const PART_BYTES: usize = 64;
/** The bits of a word about a part that are places of others. */
export const LINKS: u64 = 0x0000_ffff_ffff_0000;
/** Another part, which stands there by itself. */
export const NO_VALUE: u32 = 0;
/** A string that is not wanted. */
export const STRING: u32 = 1;
/** A word or number that is not. */
export const SCALAR: u32 = 2;
/** What is added for those that are. */
export const WANTED: u32 = 2;
/** A string that is wanted. */
export const WANTED_STRING: u32 = STRING + WANTED;
/** A word or number that is. */
export const WANTED_SCALAR: u32 = SCALAR + WANTED;
/** The next line. */
export const LINE_END: u32 = 5;

/** Compiled into its callers, as `Text` is. `about` is the word about a part. */
export class Part {
  /** The word about a part. */
  @inline
  static about(part: usize): u64 {
    return load<u64>(part, PART_ABOUT);
  }

  /** The first part behind it, or 0. */
  @inline
  static next(about: u64): usize {
    return <usize> (<u32> about >> 16);
  }

  /** The next part in its own place, or 0. */
  @inline
  static other(about: u64): usize {
    return <usize> (<u32> (about >> 32) & 0xffff);
  }

  /** How many bytes it has. */
  @inline
  static size(about: u64): usize {
    return <usize> (<u32> (about >> 48) & 63);
  }

  /** What follows. */
  @inline
  static value(about: u64): u32 {
    return <u32> (about >> 54) & 15;
  }

  /** Which field that is, if it is wanted. */
  @inline
  static field(about: u64): i32 {
    return <i32> (about >> 58);
  }

  /** Which fields a line that ends with it lacks. */
  @inline
  static missing(part: usize): u64 {
    return load<u64>(part, PART_MISSING);
  }

  /** Whether the bytes at `at` are those of the part. */
  @inline
  static is(at: usize, part: usize, about: u64): bool {
    const same = i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(part)));
    if ((~same & <i32> about & 0xffff) != 0) return false;
    const length = Part.size(about);
    if (length <= 16) return true;
    const tail = v128.load(part, PART_TAIL);
    return !v128.any_true(v128.xor(v128.load(at + length - 16), tail));
  }

  /** Whether the bytes at all of these places are. */
  @inline
  static isAll(
    one: usize,
    two: usize,
    three: usize,
    four: usize,
    part: usize,
    about: u64,
  ): bool {
    const same = Part.sameAs(v128.load(part), one, two, three, four);
    if ((~same & <i32> about & 0xffff) != 0) return false;
    const size = Part.size(about);
    if (size <= 16) return true;
    const tail = v128.load(part, PART_TAIL);
    const back = size - 16;
    return Part.sameAs(tail, one + back, two + back, three + back, four + back) == 0xffff;
  }

  /** Which of sixteen bytes are the same at all of these places, as bits. */
  @inline
  static sameAs(bytes: v128, one: usize, two: usize, three: usize, four: usize): i32 {
    const some = v128.and(i8x16.eq(v128.load(one), bytes), i8x16.eq(v128.load(two), bytes));
    const others = v128.and(i8x16.eq(v128.load(three), bytes), i8x16.eq(v128.load(four), bytes));
    return i8x16.bitmask(v128.and(some, others));
  }

  /** Whether the bytes at one of these places are. */
  static isAny(
    one: usize,
    two: usize,
    three: usize,
    four: usize,
    part: usize,
    about: u64,
  ): bool {
    return Part.is(one, part, about) || Part.is(two, part, about) ||
      Part.is(three, part, about) || Part.is(four, part, about);
  }
}
