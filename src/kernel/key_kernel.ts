/**
 * A group table's nearest keys, in WebAssembly: the groups of a column of short texts that have been seen before.
 * @module
 */
import type { TextColumn } from "../batch/column.ts";
import { type Address, kernelExports } from "./instance.ts";
import { WASM_BASE64 } from "./key_wasm.ts";

interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly STARTS: Address;
  readonly ENDS: Address;
  readonly INPUT: Address;
  readonly INPUT_BYTES: Address;
  readonly MOST_CELLS: Address;
  forget(): void;
  look(from: number, count: number, base: number, length: number, nullGroup: number): number;
  remember(start: number, end: number, length: number, group: number): void;
}

let chosen: KeyKernel | null | undefined;

/**
 * The keys that all group tables of a thread share, one at a time (0.8 MB, made when first asked for); null where
 * WebAssembly or its SIMD is missing.
 */
export function nearKeys(): KeyKernel | null {
  if (chosen === undefined) chosen = keyKernel();
  return chosen;
}

/** A kernel of its own; null where it cannot run. */
export function keyKernel(): KeyKernel | null {
  const exports = kernelExports<KernelExports>(WASM_BASE64);
  return exports === null ? null : new KeyKernel(exports);
}

/**
 * Groups of up to 8,192 keys of at most 32 bytes. It serves one table: for another it first forgets what it knows, which
 * costs nothing, and learns again what that table's next batch holds.
 */
export class KeyKernel {
  readonly #exports: KernelExports;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #input: Uint8Array;
  #owner = 0;

  constructor(exports: KernelExports) {
    const { buffer } = exports.memory;
    const cells = exports.MOST_CELLS.value;
    this.#exports = exports;
    this.#starts = new Int32Array(buffer, exports.STARTS.value, cells);
    this.#ends = new Int32Array(buffer, exports.ENDS.value, cells);
    this.#input = new Uint8Array(buffer, exports.INPUT.value, exports.INPUT_BYTES.value);
  }

  /**
   * Writes to `groups[index]` the group of the cell `rows[index]`, `index < count`, in the table whose number is `owner`.
   * What is not known is asked of `find`, which must give a key the same group each time. Gives how often it was asked;
   * -1, and nothing is done, when there are too many rows. `find` must not come back here.
   */
  assign(
    owner: number,
    column: TextColumn,
    rows: Uint32Array,
    count: number,
    groups: Int32Array,
    find: (row: number) => number,
  ): number {
    const { bytes, starts, ends } = column;
    if (count > this.#starts.length) return -1;
    if (owner !== this.#owner) this.#exports.forget();
    this.#owner = owner;
    this.#copyPlaces(starts, ends, rows, count);
    // Of more bytes than fit, those of the first keys; keys outside of them are not known.
    const base = bytes.length <= this.#input.length ? 0 : Math.max(0, this.#starts[0]!);
    const length = Math.min(bytes.length - base, this.#input.length);
    this.#input.set(length === bytes.length ? bytes : bytes.subarray(base, base + length));
    let asked = 0;
    let nullGroup = -1;
    for (let index = 0;; index++) {
      index = this.#exports.look(index, count, base, length, nullGroup);
      if (index >= count) break;
      const row = rows[index]!;
      const group = find(row);
      asked++;
      if (starts[row]! < 0) nullGroup = group;
      else this.#exports.remember(starts[row]! - base, ends[row]! - base, length, group);
      this.#starts[index] = group;
    }
    groups.set(this.#starts.subarray(0, count));
    return asked;
  }

  /** Rows ascend, so as many rows as cells are all of them. */
  #copyPlaces(starts: Int32Array, ends: Int32Array, rows: Uint32Array, count: number): void {
    if (count === starts.length) {
      this.#starts.set(starts);
      this.#ends.set(ends);
      return;
    }
    for (let index = 0; index < count; index++) {
      const row = rows[index]!;
      this.#starts[index] = starts[row]!;
      this.#ends[index] = ends[row]!;
    }
  }
}
