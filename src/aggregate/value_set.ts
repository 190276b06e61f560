/**
 * Which values each group has seen, as 64-bit hashes in one table for all groups.
 * @module
 */
import { type HashSecret, randomSecret } from "./hash.ts";

const FIRST_SLOTS = 256;
const FIRST_GROUPS = 64;
/** An entry is group, first half, second half, and the entry before it in the same group + 1. */
const WIDTH = 4;

/**
 * A set of (group, hash) pairs. Open addressing; the slot comes from the hash under a secret of the table's own, so
 * prepared values cannot crowd it. 25 bytes a pair and 8 a group, declared through `take`, and the slack of doubling.
 */
export class ValueSet {
  #size = 0;
  #mask = FIRST_SLOTS - 1;
  #slots = new Int32Array(FIRST_SLOTS);
  #entries = new Int32Array(WIDTH * FIRST_SLOTS);
  #sizes = new Int32Array(FIRST_GROUPS);
  #heads = new Int32Array(FIRST_GROUPS);
  readonly #take: (bytes: number) => void;
  readonly #secret: HashSecret = randomSecret();

  constructor(take: (bytes: number) => void) {
    this.#take = take;
    take(this.#slots.byteLength + this.#entries.byteLength + 8 * FIRST_GROUPS);
  }

  /** Makes room for groups `[0, groups)`. */
  grow(groups: number): void {
    if (groups <= this.#sizes.length) return;
    const capacity = Math.max(groups, 2 * this.#sizes.length);
    this.#sizes = this.#enlarged(this.#sizes, capacity);
    this.#heads = this.#enlarged(this.#heads, capacity);
  }

  /** How many values a group has. */
  size(group: number): number {
    return this.#sizes[group]!;
  }

  /** Whether a group has a value. */
  has(group: number, first: number, second: number): boolean {
    return this.#slots[this.#slot(group, first, second)] !== 0;
  }

  /** Adds a value to a group; false when it was there. */
  add(group: number, first: number, second: number): boolean {
    const slot = this.#slot(group, first, second);
    if (this.#slots[slot] !== 0) return false;
    const at = WIDTH * this.#size;
    if (at === this.#entries.length) this.#entries = this.#enlarged(this.#entries, 2 * at);
    this.#entries[at] = group;
    this.#entries[at + 1] = first;
    this.#entries[at + 2] = second;
    this.#entries[at + 3] = this.#heads[group]!;
    this.#size += 1;
    this.#slots[slot] = this.#size;
    this.#heads[group] = this.#size;
    this.#sizes[group]! += 1;
    if (this.#size * 5 > this.#mask * 3) this.#rehash();
    return true;
  }

  /** Calls `visit` with every hash of a group, the last added first. */
  visit(group: number, visit: (first: number, second: number) => void): void {
    for (let entry = this.#heads[group]!; entry !== 0;) {
      const at = WIDTH * (entry - 1);
      visit(this.#entries[at + 1]!, this.#entries[at + 2]!);
      entry = this.#entries[at + 3]!;
    }
  }

  /** The slot of a pair, or the free one where it would go. */
  #slot(group: number, first: number, second: number): number {
    const slots = this.#slots;
    const entries = this.#entries;
    let slot = this.#home(group, first, second);
    for (;;) {
      const entry = slots[slot]!;
      if (entry === 0) return slot;
      const at = WIDTH * (entry - 1);
      if (entries[at + 1] === first && entries[at + 2] === second && entries[at] === group) {
        return slot;
      }
      slot = (slot + 1) & this.#mask;
    }
  }

  #home(group: number, first: number, second: number): number {
    let mixed = Math.imul(first ^ this.#secret[0], 0x9e3779b1);
    mixed = Math.imul((mixed ^ mixed >>> 15) + second ^ this.#secret[1], 0x85ebca6b);
    mixed = Math.imul((mixed ^ mixed >>> 13) + group, 0xc2b2ae35);
    return (mixed ^ mixed >>> 16) & this.#mask;
  }

  #rehash(): void {
    const capacity = 2 * this.#slots.length;
    this.#take(4 * capacity - this.#slots.byteLength);
    this.#slots = new Int32Array(capacity);
    this.#mask = capacity - 1;
    for (let entry = 1; entry <= this.#size; entry++) {
      const at = WIDTH * (entry - 1);
      const entries = this.#entries;
      let slot = this.#home(entries[at]!, entries[at + 1]!, entries[at + 2]!);
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = entry;
    }
  }

  #enlarged(old: Int32Array, length: number): Int32Array<ArrayBuffer> {
    this.#take(4 * length);
    const array = new Int32Array(length);
    array.set(old);
    this.#take(-old.byteLength);
    return array;
  }
}
