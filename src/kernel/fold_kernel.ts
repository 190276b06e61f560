/**
 * Numbers added to the states of their groups in WebAssembly, all states in one pass.
 * @module
 */
import { type ColumnMemory, columnMemory, newColumnMemory } from "./column_memory.ts";

/** States to keep up, a number a group each; what is null is not kept. */
export interface FoldStates {
  /** The least and the greatest number; NaN before the first. */
  readonly least: Float64Array | null;
  readonly greatest: Float64Array | null;
  /** The sum in double-double precision. */
  readonly sums: { readonly high: Float64Array; readonly low: Float64Array } | null;
  /** To each of these, of how many numbers were added. */
  readonly counts: readonly Float64Array[];
}

/** Whose states the kernel holds. */
export interface FoldOwner {
  /** Where the states are kept, with room for every group. What stands there is old while the kernel holds them. */
  states(): FoldStates;
}

/** The numbers of a group's state: the least, the greatest with its sign turned, the sum and its rest. */
const STATE_NUMBERS = 4;
/** More are not counted in 32 bits. */
const MOST_COUNTED = 2 ** 30;

let chosen: FoldKernel | null | undefined;

/** The kernel, on the memory that the thread's kernels share; null where WebAssembly or its SIMD is missing. */
export function sharedFold(): FoldKernel | null {
  if (chosen === undefined) chosen = foldKernel(columnMemory());
  return chosen;
}

/** The kernel on a memory, or one of its own; null where it cannot run. */
export function foldKernel(memory = newColumnMemory()): FoldKernel | null {
  return memory === null ? null : new FoldKernel(memory);
}

/**
 * Adds numbers to the states of one owner at a time, which it holds until they are asked for, or others are added to:
 * what is copied for each batch otherwise is a tenth of the work.
 */
export class FoldKernel {
  readonly #memory: ColumnMemory;
  readonly #states: Float64Array;
  readonly #counts: Int32Array;
  #owner: FoldOwner | null = null;
  /** How many groups it holds, how many numbers it has counted, and whether sums are among what is held. */
  #size = 0;
  #counted = 0;
  #sums = false;

  constructor(memory: ColumnMemory) {
    const { MOST_GROUPS: { value: most }, COUNTS, STATES } = memory.exports;
    this.#memory = memory;
    this.#counts = memory.int32(COUNTS, most);
    this.#states = memory.float64(STATES, STATE_NUMBERS * most);
  }

  /** The numbers that were added last, in the order of their rows: in memory, until others are read. */
  get added(): Float64Array {
    return this.#memory.values;
  }

  /** Whether so many rows and groups fit. */
  fits(count: number, groups: number): boolean {
    return count <= this.#memory.values.length && groups <= this.#counts.length;
  }

  /** Whether it holds the states of `owner`, so that adding to them costs no copy. */
  holds(owner: FoldOwner): boolean {
    return this.#owner === owner;
  }

  /**
   * Adds `numbers[rows[index]]`, `index < count`, to the group `groups[index]`, all below `size`, NaN left out; gives how many
   * were left out. The states are the kernel's from now on, until they settle.
   */
  add(
    owner: FoldOwner,
    groups: Int32Array,
    numbers: Float64Array,
    rows: Uint32Array,
    count: number,
    size: number,
  ): number {
    this.#begin(owner, groups, count, size);
    this.#put(numbers, rows, count);
    return this.#memory.exports.fold(count, this.#sums);
  }

  /** As {@link FoldKernel.add}, where rows are counted and nothing is added up. */
  tally(owner: FoldOwner, groups: Int32Array, count: number, size: number): void {
    this.#begin(owner, size === 1 ? null : groups, count, size);
    if (size === 1) this.#counts[0]! += count;
    else this.#memory.exports.tally(count);
  }

  /** Writes the states of `owner`, or of whoever owns them, to where they are kept, if it holds them. */
  settle(owner: FoldOwner | null = this.#owner): void {
    if (owner === null || this.#owner !== owner) return;
    this.#owner = null;
    const { least, greatest, sums, counts } = owner.states();
    const states = this.#states;
    for (let group = 0, at = 0; group < this.#size; group++, at += STATE_NUMBERS) {
      if (least !== null) least[group] = bound(states[at]!);
      if (greatest !== null) greatest[group] = bound(-states[at + 1]!);
      if (sums !== null) {
        sums.high[group] = states[at + 2]!;
        sums.low[group] = states[at + 3]!;
      }
    }
    for (const values of counts) {
      for (let group = 0; group < this.#size; group++) values[group]! += this.#counts[group]!;
    }
  }

  #begin(owner: FoldOwner, groups: Int32Array | null, count: number, size: number): void {
    if (this.#owner !== owner || this.#counted > MOST_COUNTED) this.#hold(owner, size);
    else if (size > this.#size) this.#open(size);
    this.#counted += count;
    const { groups: own } = this.#memory;
    if (groups !== null && groups !== own) own.set(groups.subarray(0, count));
  }

  #hold(owner: FoldOwner, size: number): void {
    this.settle();
    this.#owner = owner;
    this.#size = 0;
    this.#counted = 0;
    this.#open(size);
    const { least, greatest, sums } = owner.states();
    this.#sums = sums !== null;
    const states = this.#states;
    for (let group = 0, at = 0; group < size; group++, at += STATE_NUMBERS) {
      if (least !== null) states[at] = orInfinite(least[group]!);
      if (greatest !== null) states[at + 1] = orInfinite(-greatest[group]!);
      if (sums !== null) {
        states[at + 2] = sums.high[group]!;
        states[at + 3] = sums.low[group]!;
      }
    }
  }

  /** Begins the states of groups up to `size`. */
  #open(size: number): void {
    const states = this.#states;
    for (let at = STATE_NUMBERS * this.#size; at < STATE_NUMBERS * size; at += STATE_NUMBERS) {
      states[at] = states[at + 1] = Infinity;
      states[at + 2] = states[at + 3] = 0;
    }
    this.#counts.fill(0, this.#size, size);
    this.#size = size;
  }

  #put(numbers: Float64Array, rows: Uint32Array, count: number): void {
    const { values } = this.#memory;
    // Rows ascend, so as many rows as numbers are all of them; and those that a kernel has read may lie here already.
    const all = count === numbers.length;
    if (all && numbers.buffer === values.buffer) return;
    if (all) values.set(numbers);
    else for (let index = 0; index < count; index++) values[index] = numbers[rows[index]!]!;
    this.#memory.valuesOf = null;
  }
}

/** In the kernel a group without a number has an infinite bound: no number is infinite. */
function orInfinite(value: number): number {
  return value === value ? value : Infinity;
}

function bound(value: number): number {
  return value === Infinity || value === -Infinity ? NaN : value;
}
