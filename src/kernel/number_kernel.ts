/**
 * The numbers of a column of text, most of them read in WebAssembly: the same bits as `textNumber` gives.
 * @module
 */
import type { TextColumn } from "../batch/column.ts";
import { textNumber } from "../expression/text_number.ts";
import { type Address, kernelExports } from "./instance.ts";
import { WASM_BASE64 } from "./number_wasm.ts";

interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly STARTS: Address;
  readonly ENDS: Address;
  readonly VALUES: Address;
  readonly INPUT: Address;
  readonly INPUT_BYTES: Address;
  readonly MOST_CELLS: Address;
  read(count: number, base: number, length: number): number;
}

/** Fewer cells than this are read one by one. */
const LEAST_CELLS = 16;
/** With fewer than one row in so many asked for, a column is not read as a whole. */
const SPARSE = 4;

let chosen: NumberKernel | null | undefined;

/**
 * The number that each cell of `column` spells, NaN where it spells none; read once a column, which keeps them: 8 bytes a
 * row. The kernel is instantiated once a thread when first needed (0.8 MB); where it is missing, its twin reads all.
 */
export function textNumbers(column: TextColumn): Float64Array {
  if (chosen === undefined) chosen = numberKernel();
  return column.numbers ??= chosen === null ? twinNumbers(column) : chosen.read(column);
}

/** As {@link textNumbers}; null where only `count` of many rows are asked for, which are then better read one by one. */
export function textNumbersOf(column: TextColumn, count: number): Float64Array | null {
  const sparse = column.numbers === null && count * SPARSE < column.starts.length;
  return sparse ? null : textNumbers(column);
}

/** The numbers as TypeScript reads them. */
export function twinNumbers(column: TextColumn): Float64Array {
  const numbers = new Float64Array(column.starts.length);
  for (let row = 0; row < numbers.length; row++) numbers[row] = textNumber(column, row);
  return numbers;
}

/** A kernel of its own; null where it cannot run. */
export function numberKernel(): NumberKernel | null {
  const exports = kernelExports<KernelExports>(WASM_BASE64);
  return exports === null ? null : new NumberKernel(exports);
}

/** Views of the kernel's memory, which never grows. */
export class NumberKernel {
  readonly #exports: KernelExports;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #values: Float64Array;
  readonly #input: Uint8Array;

  constructor(exports: KernelExports) {
    const { buffer } = exports.memory;
    const cells = exports.MOST_CELLS.value;
    this.#exports = exports;
    this.#starts = new Int32Array(buffer, exports.STARTS.value, cells);
    this.#ends = new Int32Array(buffer, exports.ENDS.value, cells);
    this.#values = new Float64Array(buffer, exports.VALUES.value, cells);
    this.#input = new Uint8Array(buffer, exports.INPUT.value, exports.INPUT_BYTES.value);
  }

  /** The numbers of a column, as {@link twinNumbers}. */
  read(column: TextColumn): Float64Array {
    const { bytes, starts, ends } = column;
    const count = starts.length;
    if (count < LEAST_CELLS || count > this.#starts.length) return twinNumbers(column);
    // Of more bytes than fit, those of the first cells; cells outside of them are left.
    const base = bytes.length <= this.#input.length ? 0 : Math.max(0, starts[0]!);
    const length = Math.min(bytes.length - base, this.#input.length);
    this.#input.set(length === bytes.length ? bytes : bytes.subarray(base, base + length));
    this.#starts.set(starts);
    this.#ends.set(ends);
    const left = this.#exports.read(count, base, length);
    const numbers = this.#values.slice(0, count);
    for (let index = 0; index < left; index++) {
      const row = this.#starts[index]!;
      numbers[row] = textNumber(column, row);
    }
    return numbers;
  }
}
