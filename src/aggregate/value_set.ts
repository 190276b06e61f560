/**
 * Which values each group has seen, as 64-bit hashes, in a small table for each group.
 * @module
 */
import { type HashSecret, randomSecret } from "./hash.ts";

const FIRST_GROUPS = 64;
const FIRST_SLOTS = 256;
/** Tables are made in pieces of memory of so many slots, which is more than any table takes. */
const PIECE_BITS = 15;
const PIECE_SLOTS = 1 << PIECE_BITS;
/** So few values are a list that is read from its start; more are a hash table, filled up to three quarters. */
const LIST_SLOTS = 8;
const NONE = -1;
const SLOT_BYTES = 8;
const GROUP_BYTES = 9;

/**
 * A set of (group, hash) pairs, of at most 24,576 hashes a group. What a group has lies together: rows of one group that follow each
 * other find it in the processor's cache, however many groups there are. A slot is chosen under a secret of the set's own, so
 * prepared values cannot crowd it. 8 to 32 bytes a value and 9 a group, declared through `take`, and the slack of doubling.
 */
export class ValueSet {
  /** Where the table of each group is: the piece, and the slot in it. */
  #places = new Int32Array(FIRST_GROUPS);
  /** How many slots it has, as a power of two plus 1; 0 for none. */
  #powers = new Uint8Array(FIRST_GROUPS);
  #sizes = new Int32Array(FIRST_GROUPS);
  /** Slots of two halves of a hash each, both 0 when it is free. */
  readonly #pieces: Int32Array[] = [new Int32Array(2 * FIRST_SLOTS)];
  /** How many slots of the last piece are given out. */
  #used = 0;
  /** By their power, tables that groups have left, each with the place of the next. */
  readonly #spare = new Int32Array(PIECE_BITS + 2).fill(NONE);
  readonly #take: (bytes: number) => void;
  readonly #secret: HashSecret = randomSecret();

  constructor(take: (bytes: number) => void) {
    this.#take = take;
    take(SLOT_BYTES * FIRST_SLOTS + GROUP_BYTES * FIRST_GROUPS);
  }

  /** Makes room for groups `[0, groups)`. */
  grow(groups: number): void {
    const old = this.#sizes.length;
    if (groups <= old) return;
    const capacity = Math.max(groups, 2 * old);
    this.#take(GROUP_BYTES * (capacity - old));
    this.#places = enlarged(this.#places, new Int32Array(capacity));
    this.#sizes = enlarged(this.#sizes, new Int32Array(capacity));
    this.#powers = enlarged(this.#powers, new Uint8Array(capacity));
  }

  /** How many values a group has. */
  size(group: number): number {
    return this.#sizes[group]!;
  }

  /** Whether a group has a value. */
  has(group: number, first: number, second: number): boolean {
    return this.#powers[group] !== 0 && this.#find(group, first, second) === NONE;
  }

  /** Adds a value to a group; false when it was there. */
  add(group: number, first: number, second: number): boolean {
    const power = this.#powers[group]!;
    let at = power === 0 ? NONE : this.#find(group, first, second);
    if (at === NONE && power !== 0) return false;
    const size = this.#sizes[group]! + 1;
    if (size > mostIn(power)) {
      this.#enlarge(group, power);
      at = this.#find(group, first, second);
    }
    const slots = this.#pieces[this.#places[group]! >> PIECE_BITS]!;
    slots[at] = first;
    slots[at + 1] = marked(first, second);
    this.#sizes[group] = size;
    return true;
  }

  /** Calls `visit` with every hash of a group, in no order. */
  visit(group: number, visit: (first: number, second: number) => void): void {
    const power = this.#powers[group]!;
    if (power === 0) return;
    const place = this.#places[group]!;
    visitSlots(this.#pieces[place >> PIECE_BITS]!, place, power, visit);
  }

  /** Forgets the values of a group. */
  clear(group: number): void {
    const power = this.#powers[group]!;
    if (power > 0) this.#leave(this.#places[group]!, power);
    this.#powers[group] = 0;
    this.#sizes[group] = 0;
  }

  /** Where in its piece the value of a group with a table would go; {@link NONE} when it is there. */
  #find(group: number, first: number, half: number): number {
    const place = this.#places[group]!;
    const slots = this.#pieces[place >> PIECE_BITS]!;
    const second = marked(first, half);
    const from = 2 * (place & PIECE_SLOTS - 1);
    const length = 1 << this.#powers[group]!;
    let at = length <= 2 * LIST_SLOTS ? 0 : 2 * this.#mixed(first, second) & length - 1;
    for (let tries = 0; tries < length; tries += 2) {
      const one = slots[from + at]!;
      const other = slots[from + at + 1]!;
      if (one === first && other === second) return NONE;
      if ((one | other) === 0) return from + at;
      at = at + 2 & length - 1;
    }
    return from;
  }

  #mixed(first: number, second: number): number {
    const half = Math.imul(first ^ this.#secret[0], 0x9e3779b1);
    const whole = Math.imul((half ^ half >>> 15) + second ^ this.#secret[1], 0x85ebca6b);
    return whole ^ whole >>> 15;
  }

  /** Moves what a group has to a larger table: of 1, 4, 16 slots, and from there twice as many each time. */
  #enlarge(group: number, power: number): void {
    const before = this.#places[group]!;
    const more = power === 0 || 1 << power > 2 * LIST_SLOTS ? power + 1 : power + 2;
    this.#powers[group] = more;
    this.#places[group] = this.#tableOf(more);
    if (power === 0) return;
    const place = this.#places[group]!;
    const slots = this.#pieces[place >> PIECE_BITS]!;
    visitSlots(this.#pieces[before >> PIECE_BITS]!, before, power, (first, second) => {
      const at = this.#find(group, first, second);
      slots[at] = first;
      slots[at + 1] = second;
    });
    this.#leave(before, power);
  }

  /** The place of free slots, as many as the power says. */
  #tableOf(power: number): number {
    const length = 1 << power - 1;
    const spare = this.#spare[power]!;
    if (spare !== NONE) {
      const slots = this.#pieces[spare >> PIECE_BITS]!;
      const at = 2 * (spare & PIECE_SLOTS - 1);
      this.#spare[power] = slots[at]!;
      slots.fill(0, at, at + 2 * length);
      return spare;
    }
    if (this.#used + length > PIECE_SLOTS) this.#addPiece();
    this.#makeRoom(this.#used + length);
    const place = (this.#pieces.length - 1 << PIECE_BITS) + this.#used;
    this.#used += length;
    return place;
  }

  #leave(place: number, power: number): void {
    this.#pieces[place >> PIECE_BITS]![2 * (place & PIECE_SLOTS - 1)] = this.#spare[power]!;
    this.#spare[power] = place;
  }

  #addPiece(): void {
    this.#take(SLOT_BYTES * PIECE_SLOTS);
    this.#pieces.push(new Int32Array(2 * PIECE_SLOTS));
    this.#used = 0;
  }

  /** Only the first piece begins small. */
  #makeRoom(slots: number): void {
    const old = this.#pieces.at(-1)!;
    const capacity = old.length / 2;
    if (slots <= capacity) return;
    const larger = Math.min(PIECE_SLOTS, Math.max(slots, 2 * capacity));
    this.#take(SLOT_BYTES * (larger - capacity));
    this.#pieces[this.#pieces.length - 1] = enlarged(old, new Int32Array(2 * larger));
  }
}

/** How many values a table of a power holds before it needs twice the slots. */
function mostIn(power: number): number {
  const slots = 1 << power >> 1;
  return slots <= LIST_SLOTS ? slots : slots - (slots >> 2);
}

/** The second half, of a hash that would look like a free slot another: who prepares one gets a lower count, no more. */
function marked(first: number, second: number): number {
  return (first | second) === 0 ? 1 : second;
}

function visitSlots(
  slots: Int32Array,
  place: number,
  power: number,
  visit: (first: number, second: number) => void,
): void {
  const from = 2 * (place & PIECE_SLOTS - 1);
  for (let at = from; at < from + (1 << power); at += 2) {
    if ((slots[at]! | slots[at + 1]!) !== 0) visit(slots[at]!, slots[at + 1]!);
  }
}

function enlarged<Numbers extends Int32Array | Uint8Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from);
  return to;
}
