/**
 * The groups of a column of keys in AssemblyScript: a table of short keys whose groups are known. It decides nothing: a key
 * that it does not hold is the group table's to look for, which then may have it remembered. So its hash needs no secret;
 * keys prepared to collide are merely not found here. Part of `columns.kernel.ts`.
 *
 * Up to 32 bytes past a key are read and cut off.
 * @module
 */

import { GROUPS, INPUT, KEY_SLOTS, ONES, SLOT_BYTES, TABLE } from "./layout.kernel";

/** Of a slot: 32 bytes of key, filled up with zeros; its length and the table's generation; its group. */
const TAG: usize = TABLE + 32;
const GROUP: usize = TABLE + 36;
/** Where a hash has the offset of a slot. */
const SLOT_SHIFT: u64 = 45;
const SLOT_MASK: usize = SLOT_BYTES * (KEY_SLOTS - 1);
/** How many slots from where its hash says a key may lie. */
const REACH: usize = 8;
const MOST_KEY_BYTES: u32 = 32;
const HALF_BYTES: u32 = 16;
const LENGTH_BITS: i32 = 6;

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
const TURN: u64 = 29;

let generation: i32 = 0;
/** Forgets every key. */
export function forget(): void {
  generation++;
  if (generation >> 32 - LENGTH_BITS - 1 != 0) {
    memory.fill(TABLE, 0, SLOT_BYTES * KEY_SLOTS);
    generation = 1;
  }
  memory.fill(ONES, 0xff, 32);
}

/**
 * Writes to `GROUPS` the groups of the cells from `from` on, until one is not known, and gives its number; `count` when all
 * are. Cells without a key are of the group `nullGroup`, not known when below 0. `starts` and `ends` are where those of the
 * column lie, offsets from `base` bytes before the input. Keys that begin behind `limit` bytes of the input are not known.
 */
export function look(
  from: i32,
  count: i32,
  starts: usize,
  ends: usize,
  base: i32,
  limit: u32,
  nullGroup: i32,
): i32 {
  const tagBase = generation << LENGTH_BITS;
  const bases = i32x4.splat(base);
  const limits = i32x4.splat(<i32> limit);
  // Four short keys at a time; where one of four is another, these four by themselves.
  let apart = from;
  for (let cell = from; cell < count; cell++) {
    while (cell >= apart && cell + 4 <= count) {
      if (Key.four(cell, starts, ends, bases, limits, tagBase)) cell += 4;
      else apart = cell + 4;
    }
    if (cell == count) break;
    const place = <usize> cell << 2;
    const start = load<i32>(starts + place);
    const at = <u32> (start - base);
    const size = <u32> (load<i32>(ends + place) - start);
    // A start below 0 is behind every limit.
    if (<i32> (at > limit) | <i32> (size > MOST_KEY_BYTES)) {
      if (start >= 0 || nullGroup < 0) return cell;
      store<i32>(place, nullGroup, GROUPS);
      continue;
    }
    const group = Key.group(at, size, tagBase);
    if (group < 0) return cell;
    store<i32>(place, group, GROUPS);
  }
  return count;
}

/** Remembers the group of the key `[start, end)` of the input, of `length` bytes, when there is room. */
export function remember(start: i32, end: i32, length: i32, group: i32): void {
  const size = <u32> (end - start);
  if (size > MOST_KEY_BYTES || start < 0 || end > length) return;
  const low = Key.low(start, size);
  const high = size <= HALF_BYTES ? i64x2.splat(0) : Key.high(start, size);
  let slot = Key.firstSlot(v128.xor(low, high));
  for (let tries: usize = 0; tries < REACH; tries++) {
    if (load<i32>(slot, TAG) >> LENGTH_BITS != generation) {
      v128.store(slot, low, TABLE);
      v128.store(slot, high, TABLE + 16);
      store<i32>(slot, generation << LENGTH_BITS | <i32> size, TAG);
      store<i32>(slot, group, GROUP);
      return;
    }
    slot = Key.slotBehind(slot);
  }
}

/** The group of the key among the slots behind the first that it may lie in, -1 for none. */
function farther(first: usize, low: v128, high: v128, tag: i32): i32 {
  let slot = first;
  for (let tries: usize = 1; tries < REACH; tries++) {
    slot = Key.slotBehind(slot);
    if (load<i32>(slot, TAG) == tag && Key.equal(slot, low, high)) return load<i32>(slot, GROUP);
  }
  return -1;
}

/** What is done with every key, compiled into the loop: its bytes stay in registers. */
class Key {
  /** Writes the groups of four cells, if all are known and of at most 16 bytes; false for all else. */
  @inline
  static four(
    cell: i32,
    starts: usize,
    ends: usize,
    bases: v128,
    limits: v128,
    tagBase: i32,
  ): bool {
    const place = <usize> cell << 2;
    const from = v128.load(starts + place);
    const at = i32x4.sub(from, bases);
    const size = i32x4.sub(v128.load(ends + place), from);
    const far = v128.or(
      i32x4.gt_u(at, limits),
      i32x4.gt_u(size, i32x4.splat(HALF_BYTES)),
    );
    if (v128.any_true(far)) return false;
    const first = Key.short(i32x4.extract_lane(at, 0), i32x4.extract_lane(size, 0), tagBase);
    const second = Key.short(i32x4.extract_lane(at, 1), i32x4.extract_lane(size, 1), tagBase);
    const third = Key.short(i32x4.extract_lane(at, 2), i32x4.extract_lane(size, 2), tagBase);
    const fourth = Key.short(i32x4.extract_lane(at, 3), i32x4.extract_lane(size, 3), tagBase);
    if ((first | second | third | fourth) < 0) return false;
    store<i32>(place, first, GROUPS);
    store<i32>(place, second, GROUPS + 4);
    store<i32>(place, third, GROUPS + 8);
    store<i32>(place, fourth, GROUPS + 12);
    return true;
  }

  /** The group of a key of at most 16 bytes at `at` of the input, -1 for none. */
  @inline
  static short(at: i32, size: i32, tagBase: i32): i32 {
    return Key.half(Key.low(at, size), tagBase | size);
  }

  /** The group of a key of at most 32 bytes at `at` of the input, -1 for none. */
  @inline
  static group(at: i32, size: i32, tagBase: i32): i32 {
    const low = Key.low(at, size);
    const tag = tagBase | size;
    return size <= <i32> HALF_BYTES ? Key.half(low, tag) : Key.whole(low, Key.high(at, size), tag);
  }

  @inline
  static low(start: i32, size: u32): v128 {
    return v128.and(v128.load(start, INPUT), v128.load(ONES + 32 - size));
  }

  @inline
  static high(start: i32, size: u32): v128 {
    return v128.and(v128.load(start, INPUT + 16), v128.load(ONES + 32 + 16 - size));
  }

  /** The same, when its bytes are at hand. */
  @inline
  static half(low: v128, tag: i32): i32 {
    const slot = Key.firstSlot(low);
    // Keys of the same length have nothing in the other half either.
    if (load<i32>(slot, TAG) == tag && !v128.any_true(v128.xor(v128.load(slot, TABLE), low))) {
      return load<i32>(slot, GROUP);
    }
    return farther(slot, low, i64x2.splat(0), tag);
  }

  @inline
  static whole(low: v128, high: v128, tag: i32): i32 {
    const slot = Key.firstSlot(v128.xor(low, high));
    if (load<i32>(slot, TAG) == tag && Key.equal(slot, low, high)) return load<i32>(slot, GROUP);
    return farther(slot, low, high, tag);
  }

  @inline
  static equal(slot: usize, low: v128, high: v128): bool {
    const first = v128.xor(v128.load(slot, TABLE), low);
    const second = v128.xor(v128.load(slot, TABLE + 16), high);
    return !v128.any_true(v128.or(first, second));
  }

  /** The offset in the table of the slot that the bytes of a key, its halves in one, should lie in. */
  @inline
  static firstSlot(bytes: v128): usize {
    const first = <u64> i64x2.extract_lane(bytes, 0);
    const second = <u64> i64x2.extract_lane(bytes, 1);
    return <usize> ((first ^ rotl(second, TURN)) * FACTOR >> SLOT_SHIFT) & SLOT_MASK;
  }

  @inline
  static slotBehind(slot: usize): usize {
    return slot + SLOT_BYTES & SLOT_MASK;
  }
}
