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
}

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

/** Adds numbers in a memory, into which states are copied, and out again. */
export class FoldKernel {
  readonly #memory: ColumnMemory;
  /** How many of the numbers that were last added each group has. */
  readonly counts: Int32Array;
  readonly #least: Float64Array;
  readonly #greatest: Float64Array;
  readonly #high: Float64Array;
  readonly #low: Float64Array;

  constructor(memory: ColumnMemory) {
    const { MOST_GROUPS: { value: most }, ...at } = memory.exports;
    this.#memory = memory;
    this.counts = memory.int32(at.COUNTS, most);
    this.#least = memory.float64(at.LEAST, most);
    this.#greatest = memory.float64(at.GREATEST, most);
    this.#high = memory.float64(at.SUMS, most);
    this.#low = memory.float64(at.RESTS, most);
  }

  /** Whether so many rows and groups fit. */
  fits(count: number, groups: number): boolean {
    return count <= this.#memory.values.length && groups <= this.counts.length;
  }

  /**
   * Adds `numbers[rows[index]]`, `index < count`, to the group `groups[index]`, all below `size`, NaN left out; gives how many
   * were left out. Of the states, those of groups below `size` are written again.
   */
  add(
    groups: Int32Array,
    numbers: Float64Array,
    rows: Uint32Array,
    count: number,
    size: number,
    { least, greatest, sums }: FoldStates,
  ): number {
    const { groups: own } = this.#memory;
    if (groups !== own) own.set(groups.subarray(0, count));
    this.#put(numbers, rows, count);
    if (least !== null) this.#least.set(least.subarray(0, size));
    if (greatest !== null) this.#greatest.set(greatest.subarray(0, size));
    if (sums !== null) {
      this.#high.set(sums.high.subarray(0, size));
      this.#low.set(sums.low.subarray(0, size));
    }
    const skipped = this.#memory.exports.fold(count, size, sums !== null);
    least?.set(this.#least.subarray(0, size));
    greatest?.set(this.#greatest.subarray(0, size));
    sums?.high.set(this.#high.subarray(0, size));
    sums?.low.set(this.#low.subarray(0, size));
    return skipped;
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
