/**
 * A list of numbers for each group, all in one arena.
 * @module
 */

const FIRST_GROUPS = 64;
const FIRST_ENTRIES = 256;
const NONE = -1;
const ENTRY_BYTES = 12;
const GROUP_BYTES = 8;

/**
 * Lists that grow at their ends and are read or emptied as a whole. 12 bytes a number and 8 a group, declared through
 * `take`, and the slack of doubling; the room of an emptied list is used again.
 */
export class NumberLists {
  #heads = new Int32Array(FIRST_GROUPS).fill(NONE);
  #sizes = new Int32Array(FIRST_GROUPS);
  #numbers = new Float64Array(FIRST_ENTRIES);
  /** The entry before each in its list; of a free one, the next that is free. */
  #before = new Int32Array(FIRST_ENTRIES);
  #used = 0;
  #free = NONE;
  readonly #take: (bytes: number) => void;

  constructor(take: (bytes: number) => void) {
    this.#take = take;
    take(GROUP_BYTES * FIRST_GROUPS + ENTRY_BYTES * FIRST_ENTRIES);
  }

  /** Makes room for groups `[0, groups)`; new lists are empty. */
  grow(groups: number): void {
    const old = this.#sizes.length;
    if (groups <= old) return;
    const capacity = Math.max(groups, 2 * old);
    this.#take(GROUP_BYTES * (capacity - old));
    const heads = new Int32Array(capacity).fill(NONE, old);
    heads.set(this.#heads);
    const sizes = new Int32Array(capacity);
    sizes.set(this.#sizes);
    this.#heads = heads;
    this.#sizes = sizes;
  }

  /** How many numbers a group has. */
  size(group: number): number {
    return this.#sizes[group]!;
  }

  add(group: number, value: number): void {
    let entry = this.#free;
    if (entry !== NONE) this.#free = this.#before[entry]!;
    else {
      if (this.#used === this.#numbers.length) this.#growEntries();
      entry = this.#used++;
    }
    this.#numbers[entry] = value;
    this.#before[entry] = this.#heads[group]!;
    this.#heads[group] = entry;
    this.#sizes[group]! += 1;
  }

  /** The numbers of a group in the order in which they were added; not shared. */
  read(group: number): Float64Array {
    const numbers = new Float64Array(this.#sizes[group]!);
    let at = numbers.length;
    for (let entry = this.#heads[group]!; entry !== NONE; entry = this.#before[entry]!) {
      numbers[--at] = this.#numbers[entry]!;
    }
    return numbers;
  }

  /** Empties a group. */
  clear(group: number): void {
    for (let entry = this.#heads[group]!; entry !== NONE;) {
      const next = this.#before[entry]!;
      this.#before[entry] = this.#free;
      this.#free = entry;
      entry = next;
    }
    this.#heads[group] = NONE;
    this.#sizes[group] = 0;
  }

  #growEntries(): void {
    const old = this.#numbers.length;
    this.#take(2 * ENTRY_BYTES * old);
    const numbers = new Float64Array(2 * old);
    numbers.set(this.#numbers);
    const before = new Int32Array(2 * old);
    before.set(this.#before);
    this.#numbers = numbers;
    this.#before = before;
    this.#take(-ENTRY_BYTES * old);
  }
}
