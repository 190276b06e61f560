/**
 * The groups of a column of keys in AssemblyScript: a table of short keys whose groups are known. It decides nothing: a key
 * that it does not hold is the group table's to look for, which then may have it remembered. So its hash needs no secret;
 * keys prepared to collide are merely not found here. `deno task kernels` compiles it.
 *
 * Up to 32 bytes past a key are read and cut off; the input lies last in memory and is followed by that much.
 * @module
 */

/** How many cells fit. */
export const MOST_CELLS: i32 = 16_384;
/** How many bytes of input fit. */
export const INPUT_BYTES: i32 = 256 * 1024;
/** How many keys fit, a power of two. */
const SLOTS: usize = 8192;
/** Of a slot: 32 bytes of key, filled up with zeros; its length and the table's generation; its group. */
const SLOT_BYTES: usize = 40;
const SLOT_SHIFT: u64 = 51;
/** How many slots from where its hash says a key may lie. */
const REACH: usize = 8;
const MOST_KEY_BYTES: i32 = 32;
const LENGTH_BITS: i32 = 6;

/** 32 bytes of ones and 32 of zeros, to cut keys off with. */
const ONES: usize = 512;
/** The starts of the cells in the input, below 0 for none; their groups come to lie here. */
export const STARTS: usize = 1024;
/** Where the cells end. */
export const ENDS: usize = STARTS + 4 * MOST_CELLS;
const TABLE: usize = ENDS + 4 * MOST_CELLS;
/** The bytes of the keys. */
export const INPUT: usize = TABLE + SLOT_BYTES * SLOTS;

const FIRST_FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
const SECOND_FACTOR: u64 = 0xc2b2_ae3d_27d4_eb4f;

let generation: i32 = 0;
/** Forgets every key. */
export function forget(): void {
  generation++;
  if (generation >> 32 - LENGTH_BITS - 1 != 0) {
    memory.fill(TABLE, 0, SLOT_BYTES * SLOTS);
    generation = 1;
  }
  memory.fill(ONES, 0xff, 32);
}

/**
 * Writes the groups of the cells from `from` on, until one is not known, and gives its number; `count` when all are. Cells
 * without a key are of the group `nullGroup`, not known when below 0. Offsets count from `base` bytes before the input.
 */
export function look(from: i32, count: i32, base: i32, length: i32, nullGroup: i32): i32 {
  const tagBase = generation << LENGTH_BITS;
  for (let cell = from; cell < count; cell++) {
    const place = STARTS + (cell << 2);
    const start = load<i32>(place);
    let group = nullGroup;
    if (start >= 0) {
      const end = load<i32>(ENDS + (cell << 2)) - base;
      const at = start - base;
      if (!Key.fits(at, end, length)) return cell;
      const low = Key.low(at, end - at);
      const high = Key.high(at, end - at);
      group = Key.found(low, high, tagBase | end - at);
    }
    if (group < 0) return cell;
    store<i32>(place, group);
  }
  return count;
}

/** Remembers the group of the key `[start, end)` of the input, of `length` bytes, when there is room. */
export function remember(start: i32, end: i32, length: i32, group: i32): void {
  if (!Key.fits(start, end, length)) return;
  const low = Key.low(start, end - start);
  const high = Key.high(start, end - start);
  let slot = Key.firstSlot(low, high);
  for (let tries: usize = 0; tries < REACH; tries++) {
    if (load<i32>(slot, 32) >> LENGTH_BITS != generation) {
      v128.store(slot, low);
      v128.store(slot, high, 16);
      store<i32>(slot, generation << LENGTH_BITS | end - start, 32);
      store<i32>(slot, group, 36);
      return;
    }
    slot = Key.slotBehind(slot);
  }
}

/** What is done with every key, compiled into the loop: its bytes stay in registers. */
class Key {
  /** Whether a key of the input lies in it and is not too long. */
  @inline
  static fits(start: i32, end: i32, length: i32): bool {
    return <u32> (end - start) <= <u32> MOST_KEY_BYTES && start >= 0 && end <= length;
  }

  @inline
  static low(start: i32, size: i32): v128 {
    return v128.and(v128.load(INPUT + start), v128.load(ONES + 32 - size));
  }

  @inline
  static high(start: i32, size: i32): v128 {
    if (size <= 16) return i64x2.splat(0);
    return v128.and(v128.load(INPUT + start, 16), v128.load(ONES + 32 - size, 16));
  }

  /** The group of the key, -1 for none. */
  @inline
  static found(low: v128, high: v128, tag: i32): i32 {
    let slot = Key.firstSlot(low, high);
    let group = -1;
    for (let tries: usize = 0; tries < REACH; tries++) {
      if (load<i32>(slot, 32) == tag) {
        const first = v128.xor(v128.load(slot), low);
        const second = v128.xor(v128.load(slot, 16), high);
        if (!v128.any_true(v128.or(first, second))) {
          group = load<i32>(slot, 36);
          break;
        }
      }
      slot = Key.slotBehind(slot);
    }
    return group;
  }

  @inline
  static firstSlot(low: v128, high: v128): usize {
    const first = i64x2.extract_lane(low, 0) ^ i64x2.extract_lane(high, 0);
    const second = i64x2.extract_lane(low, 1) ^ i64x2.extract_lane(high, 1);
    const mixed = (<u64> first ^ <u64> second * SECOND_FACTOR) * FIRST_FACTOR;
    return TABLE + <usize> (mixed >> SLOT_SHIFT) * SLOT_BYTES;
  }

  @inline
  static slotBehind(slot: usize): usize {
    const next = slot + SLOT_BYTES;
    return next == INPUT ? TABLE : next;
  }
}
