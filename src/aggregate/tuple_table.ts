/**
 * Group-by several keys: each key has a table of its own values, and a group is a tuple of their numbers.
 * @module
 */
import type { Column } from "../batch/column.ts";
import type { GroupTableState } from "./group_columns.ts";
import { GroupTable } from "./group_table.ts";
import type { Groups } from "./groups.ts";
import { type HashSecret, randomSecret } from "./hash.ts";

/** All keys of a table as structured-cloneable data. */
export interface TupleTableState {
  /** The different values of each key. */
  readonly values: readonly GroupTableState[];
  /** Of each group in turn, the number of each key's value. */
  readonly tuples: Int32Array;
}

const FIRST_SLOTS = 256;

/**
 * A value is kept once for its key, in how many groups it may stand. Besides the tables of the keys, 4 bytes a key and 5
 * to 14 bytes a group, and the slack of doubling, all declared through `take`. The slot of a tuple comes from a hash under a
 * secret of the table's own.
 */
export class TupleTable implements Groups {
  #size = 0;
  #mask = FIRST_SLOTS - 1;
  /** Group numbers + 1; 0 for a free slot. */
  #slots = new Int32Array(FIRST_SLOTS);
  #tuples: Int32Array;
  #groups = new Int32Array(0);
  #hashes = new Int32Array(0);
  readonly #width: number;
  readonly #values: readonly GroupTable[];
  readonly #tuple: Int32Array;
  readonly #take: (bytes: number) => void;
  readonly #secret: HashSecret = randomSecret();

  /** A table of `keys` (at least 1) keys a group. */
  constructor(keys: number, take: (bytes: number) => void) {
    this.#width = keys;
    this.#values = Array.from({ length: keys }, () => new GroupTable(take));
    this.#tuple = new Int32Array(keys);
    this.#tuples = new Int32Array(FIRST_SLOTS * keys);
    this.#take = take;
    take(this.#slots.byteLength + this.#tuples.byteLength);
  }

  get size(): number {
    return this.#size;
  }

  assign(columns: readonly Column[], rows: Uint32Array, count: number): Int32Array {
    if (this.#groups.length < count) {
      this.#take(4 * (count - this.#groups.length));
      this.#groups = new Int32Array(count);
    }
    const parts = this.#values.map((table, key) => table.assign([columns[key]!], rows, count));
    this.#assignParts(parts, this.#groups, count);
    return this.#groups;
  }

  passing(columns: readonly Column[], rows: Uint32Array, count: number): Int32Array {
    return this.assign(columns, rows, count);
  }

  columns(from: number, to: number): Column[] {
    return this.#values.map((table, key) => {
      const groups = new Int32Array(to - from);
      for (let row = 0; row < groups.length; row++) {
        groups[row] = this.#tuples[(from + row) * this.#width + key]!;
      }
      return table.column(groups);
    });
  }

  save(): TupleTableState {
    return {
      values: this.#values.map((table) => table.save()),
      tuples: this.#tuples.slice(0, this.#size * this.#width),
    };
  }

  merge(state: unknown): Int32Array {
    const { values, tuples } = state as TupleTableState;
    const width = this.#width;
    const groups = new Int32Array(tuples.length / width);
    const parts = this.#values.map((table, key) => {
      const numbers = table.merge(values[key]!);
      return groups.map((_, group) => numbers[tuples[group * width + key]!]!);
    });
    this.#assignParts(parts, groups, groups.length);
    return groups;
  }

  /** Writes to `groups` the group of each tuple of the numbers `parts[key][index]`; hashes all, then looks all up. */
  #assignParts(parts: readonly Int32Array[], groups: Int32Array, count: number): void {
    if (this.#hashes.length < count) {
      this.#take(4 * (count - this.#hashes.length));
      this.#hashes = new Int32Array(count);
    }
    const [low, high] = this.#secret;
    const hashes = this.#hashes.fill(low, 0, count);
    for (const part of parts) {
      for (let index = 0; index < count; index++) {
        hashes[index] = joined(hashes[index]!, part[index]!, high);
      }
    }
    const tuple = this.#tuple;
    for (let index = 0; index < count; index++) {
      for (let key = 0; key < parts.length; key++) tuple[key] = parts[key]![index]!;
      groups[index] = this.#find(hashes[index]!);
    }
  }

  /** The group of the tuple at hand, new when there is none. */
  #find(hash: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = hash & mask;
    for (;;) {
      const group = slots[slot]! - 1;
      if (group < 0) break;
      if (this.#matches(group * this.#width)) return group;
      slot = (slot + 1) & mask;
    }
    const group = this.#append();
    slots[slot] = group + 1;
    if (this.#size * 5 > mask * 3) this.#rehash();
    return group;
  }

  #matches(at: number): boolean {
    const tuples = this.#tuples;
    const tuple = this.#tuple;
    for (let key = 0; key < tuple.length; key++) {
      if (tuples[at + key] !== tuple[key]) return false;
    }
    return true;
  }

  #hashOf(group: number): number {
    const [low, high] = this.#secret;
    let hash = low;
    for (let key = 0; key < this.#width; key++) {
      hash = joined(hash, this.#tuples[group * this.#width + key]!, high);
    }
    return hash;
  }

  #append(): number {
    const at = this.#size * this.#width;
    if (at === this.#tuples.length) {
      const old = this.#tuples;
      this.#take(2 * old.byteLength);
      this.#tuples = new Int32Array(2 * old.length);
      this.#tuples.set(old);
      this.#take(-old.byteLength);
    }
    this.#tuples.set(this.#tuple, at);
    return this.#size++;
  }

  #rehash(): void {
    const old = this.#slots;
    this.#take(2 * old.byteLength);
    const slots = new Int32Array(2 * old.length);
    const mask = slots.length - 1;
    for (let group = 0; group < this.#size; group++) {
      let slot = this.#hashOf(group) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = group + 1;
    }
    this.#slots = slots;
    this.#mask = mask;
    this.#take(-old.byteLength);
  }
}

/** A hash with one more number in it. */
function joined(hash: number, number: number, secret: number): number {
  let mixed = Math.imul(hash ^ number, 0x9e3779b1);
  mixed = Math.imul(mixed ^ mixed >>> 15 ^ secret, 0x85ebca6b);
  return mixed ^ mixed >>> 13;
}
