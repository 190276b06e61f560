/**
 * The scan of separated values in WebAssembly: the same answer as `RecordScanner`, from the kernel beside this file.
 * @module
 */
import {
  MOST_PLACES,
  mostRows,
  recordEnd,
  type RecordScan,
  RecordScanner,
  type RecordShape,
  strayReason,
  widthReason,
} from "../batch/csv_scan.ts";
import type { LineFault } from "../batch/line_format.ts";
import { WASM_BASE64 } from "./csv_wasm.ts";
import { type Address, kernelExports } from "./instance.ts";

/** A scan of records of one shape, as {@link RecordScanner.scan} describes it. */
export type RecordScanning = (
  bytes: Uint8Array,
  start: number,
  end: number,
  final: boolean,
) => RecordScan;

interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly STATE: Address;
  readonly WANTED: Address;
  readonly DOUBLED: Address;
  readonly FAULTS: Address;
  readonly TAPE: Address;
  readonly INPUT: Address;
  readonly INPUT_BYTES: Address;
  readonly MOST_WANTED: Address;
  readonly FAULT_ROOM: Address;
  scan(
    length: number,
    base: number,
    fields: number,
    room: number,
    separator: number,
    quote: number,
  ): void;
}

/** How many numbers the kernel writes for a fault: what was found, place, line, start, where the next record starts. */
const FAULT_STRIDE = 5;
/** Ends the list of wanted fields: no field has this place. */
const NO_FIELD = -1;

let chosen: RecordKernel | null | undefined;

/**
 * The scan to use for records of this shape: the kernel, instantiated once a thread when first asked for (0.8 MB), or the
 * twin where WebAssembly or its SIMD is missing.
 */
export function recordScanner(shape: RecordShape): RecordScanning {
  chosen ??= recordKernel();
  return chosen?.scanner(shape) ?? twinScanner(shape);
}

/** The scan in TypeScript. */
export function twinScanner(shape: RecordShape): RecordScanning {
  const twin = new RecordScanner(shape);
  return (bytes, start, end, final) => twin.scan(bytes, start, end, final);
}

/** A kernel of its own; null where it cannot run. */
export function recordKernel(): RecordKernel | null {
  const exports = kernelExports<KernelExports>(WASM_BASE64);
  return exports === null ? null : new RecordKernel(exports);
}

/** Views of the kernel's memory, which never grows. A scan never yields, so one kernel serves all runs of its thread. */
export class RecordKernel {
  readonly #exports: KernelExports;
  readonly #input: Uint8Array;
  readonly #state: Int32Array;
  readonly #wanted: Int32Array;
  readonly #doubled: Uint8Array;
  readonly #tape: Int32Array;
  readonly #faults: Int32Array;

  constructor(exports: KernelExports) {
    const { buffer } = exports.memory;
    this.#exports = exports;
    this.#input = new Uint8Array(buffer, exports.INPUT.value, exports.INPUT_BYTES.value);
    this.#state = new Int32Array(buffer, exports.STATE.value, 5);
    this.#wanted = new Int32Array(buffer, exports.WANTED.value, exports.MOST_WANTED.value + 1);
    this.#doubled = new Uint8Array(buffer, exports.DOUBLED.value, exports.MOST_WANTED.value);
    this.#tape = new Int32Array(buffer, exports.TAPE.value, 2 * MOST_PLACES);
    this.#faults = new Int32Array(buffer, exports.FAULTS.value);
  }

  /** The kernel's scan of one shape; what it does not take goes to a twin. */
  scanner(shape: RecordShape): RecordScanning {
    const twin = twinScanner(shape);
    if (shape.wanted.length > this.#exports.MOST_WANTED.value) return twin;
    return (bytes, start, end, final) => {
      const length = end - start;
      // Only a single record can be a longer block, and only the last one may go without a line feed.
      if (final || length > this.#input.length) return twin(bytes, start, end, final);
      return this.#scan(shape, bytes, start, end);
    };
  }

  #scan(shape: RecordShape, bytes: Uint8Array, start: number, end: number): RecordScan {
    const { dialect: { separator, quote }, fields, wanted } = shape;
    const length = end - start;
    const room = mostRows(wanted.length);
    const state = this.#state;
    const faults: LineFault[] = [];
    this.#input.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
    this.#wanted.set(wanted);
    this.#wanted[wanted.length] = NO_FIELD;
    this.#doubled.fill(0, 0, wanted.length);
    state.fill(0);
    do {
      this.#exports.scan(length, start, fields, room, separator, quote);
      if (state[4]! > 0) this.#readFaults(bytes, fields, state[4]!, faults);
      // Full of faults, it has not come to the end.
    } while (state[4] === this.#exports.FAULT_ROOM.value);
    const rows = state[1]!;
    // One copy for all columns, since what an array costs is its memory, not its bytes.
    const places = new Int32Array(2 * wanted.length * rows);
    for (let part = 0; part < 2 * wanted.length; part++) {
      places.set(this.#tape.subarray(part * room, part * room + rows), part * rows);
    }
    const part = (half: number) =>
      wanted.map((_, slot) =>
        places.subarray((2 * slot + half) * rows, (2 * slot + half + 1) * rows)
      );
    return {
      starts: part(0),
      ends: part(1),
      doubled: wanted.map((_, slot) => this.#doubled[slot] === 1),
      rows,
      records: state[2]!,
      lines: state[3]!,
      faults,
      next: start + state[0]!,
    };
  }

  #readFaults(bytes: Uint8Array, fields: number, count: number, faults: LineFault[]): void {
    const table = this.#faults;
    for (let at = 0; at < count * FAULT_STRIDE; at += FAULT_STRIDE) {
      const [found, place, line] = [table[at]!, table[at + 1]!, table[at + 2]!];
      const [start, stop] = [table[at + 3]!, table[at + 4]!];
      const reason = found < 0 ? strayReason(bytes, place, stop) : widthReason(fields, found);
      faults.push({ line, start, end: recordEnd(bytes, start, stop), reason });
    }
  }
}
