/**
 * The memory that the kernels of columns share: the scan of separated values, keys of groups, numbers and their sums.
 * @module
 */
import type { TextColumn } from "../batch/column.ts";
import { WASM_BASE64 } from "./columns_wasm.ts";
import { type Address, kernelExports } from "./instance.ts";

interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly COUNTS: Address;
  readonly DOUBLED: Address;
  readonly ENDS: Address;
  readonly FAULTS: Address;
  readonly FAULT_ROOM: Address;
  readonly GROUPS: Address;
  readonly INPUT: Address;
  readonly INPUT_BYTES: Address;
  readonly LEFT: Address;
  readonly MOST_CELLS: Address;
  readonly MOST_GROUPS: Address;
  readonly MOST_WANTED: Address;
  readonly STARTS: Address;
  readonly STATE: Address;
  readonly STATES: Address;
  readonly TAPE: Address;
  readonly TAPE_NUMBERS: Address;
  readonly VALUES: Address;
  readonly WANTED: Address;
  scan(
    length: number,
    base: number,
    fields: number,
    room: number,
    separator: number,
    quote: number,
  ): void;
  forget(): void;
  look(
    from: number,
    count: number,
    starts: number,
    ends: number,
    base: number,
    limit: number,
    nullGroup: number,
  ): number;
  remember(start: number, end: number, length: number, group: number): void;
  read(count: number, starts: number, ends: number, base: number, length: number): number;
  fold(count: number, wantsSums: boolean): number;
  tally(count: number): void;
  instants(count: number, starts: number, ends: number, base: number, length: number): number;
  hash(
    count: number,
    starts: number,
    ends: number,
    base: number,
    length: number,
    first: number,
    second: number,
  ): number;
}

/** Where the cells of a column lie: their places, and the input as `length` of the column's bytes from `base` on. */
export interface CellPlaces {
  readonly starts: number;
  readonly ends: number;
  readonly base: number;
  readonly length: number;
}

/** What a scan of `length` bytes from `base` on has left on the tape, with room for `room` rows, and has copied. */
export interface Scanned {
  readonly bytes: Uint8Array;
  readonly base: number;
  readonly length: number;
  readonly room: number;
  /** The copies, which no other scan has. */
  readonly starts: readonly Int32Array[];
  readonly ends: readonly Int32Array[];
}

const NUMBER_BYTES = 4;

let shared: ColumnMemory | null | undefined;

/** The memory of this thread (2 MB, made when first asked for); null where WebAssembly or its SIMD is missing. */
export function columnMemory(): ColumnMemory | null {
  if (shared === undefined) shared = newColumnMemory();
  return shared;
}

/** A memory of its own; null where the kernels cannot run. */
export function newColumnMemory(): ColumnMemory | null {
  const exports = kernelExports<KernelExports>(WASM_BASE64);
  return exports === null ? null : new ColumnMemory(exports);
}

/**
 * The kernels and views of their memory, which never grows. No call yields, so one serves all runs of its thread. What a
 * scan has found stays until the next bytes come, and is known by the arrays that it was copied to: a batch may live for as long
 * as it wants, and the kernels need not be given again what they still have.
 */
export class ColumnMemory {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly groups: Int32Array;
  readonly values: Float64Array;
  readonly left: Int32Array;
  readonly input: Uint8Array;
  /** The column whose numbers `values` holds. */
  valuesOf: TextColumn | null = null;
  #scanned: Scanned | null = null;
  /** Read once: the engines give a constant of a kernel only after some way. */
  readonly #tape: number;
  readonly #own: { readonly starts: number; readonly ends: number };

  constructor(readonly exports: KernelExports) {
    this.#tape = exports.TAPE.value;
    this.#own = { starts: exports.STARTS.value, ends: exports.ENDS.value };
    const cells = exports.MOST_CELLS.value;
    this.starts = this.int32(exports.STARTS, cells);
    this.ends = this.int32(exports.ENDS, cells);
    this.groups = this.int32(exports.GROUPS, cells);
    this.values = this.float64(exports.VALUES, cells);
    this.left = this.int32(exports.LEFT, cells);
    this.input = this.uint8(exports.INPUT, exports.INPUT_BYTES.value);
  }

  /** A view of `length` bytes. */
  uint8({ value }: Address, length: number): Uint8Array {
    return new Uint8Array(this.exports.memory.buffer, value, length);
  }

  /** A view of `length` integers. */
  int32({ value }: Address, length: number): Int32Array {
    return new Int32Array(this.exports.memory.buffer, value, length);
  }

  /** A view of `length` numbers. */
  float64({ value }: Address, length: number): Float64Array {
    return new Float64Array(this.exports.memory.buffer, value, length);
  }

  /** Puts `bytes[start, end)`, which must fit, into the input; what was there is forgotten. */
  load(bytes: Uint8Array, start: number, end: number): void {
    this.#scanned = null;
    this.input.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
  }

  /** Tells what a scan of the input has left. */
  keep(scanned: Scanned): void {
    this.#scanned = scanned;
  }

  /** Where all cells of a column lie, of at most as many as fit; they are put there unless a scan has left them. */
  place(column: TextColumn): CellPlaces {
    const known = this.#find(column);
    if (known !== null) return known;
    this.starts.set(column.starts);
    this.ends.set(column.ends);
    return this.#loadCells(column.bytes);
  }

  /** As {@link ColumnMemory.place}, the cells of the first `count` of `rows`, ascending, one after the other. */
  placeRows(column: TextColumn, rows: Uint32Array, count: number): CellPlaces {
    const { bytes, starts, ends } = column;
    // Rows ascend, so as many rows as cells are all of them.
    if (count === starts.length) return this.place(column);
    for (let index = 0; index < count; index++) {
      const row = rows[index]!;
      this.starts[index] = starts[row]!;
      this.ends[index] = ends[row]!;
    }
    const known = this.#find(column);
    if (known === null) return this.#loadCells(bytes);
    return { ...known, ...this.#own };
  }

  #find({ bytes, starts, ends }: TextColumn): CellPlaces | null {
    const scanned = this.#scanned;
    if (scanned === null || scanned.bytes !== bytes) return null;
    const slot = scanned.starts.indexOf(starts);
    if (slot < 0 || scanned.ends[slot] !== ends) return null;
    const { base, length, room } = scanned;
    const from = this.#tape + 2 * slot * room * NUMBER_BYTES;
    return { starts: from, ends: from + room * NUMBER_BYTES, base, length };
  }

  /** Of more bytes than fit, those of the first cells. */
  #loadCells(bytes: Uint8Array): CellPlaces {
    const base = bytes.length <= this.input.length ? 0 : Math.max(0, this.starts[0]!);
    const length = Math.min(bytes.length - base, this.input.length);
    this.load(bytes, base, base + length);
    return { ...this.#own, base, length };
  }
}
