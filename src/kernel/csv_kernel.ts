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
import { borrow } from "../batch/chunk_memory.ts";
import type { LineFault } from "../batch/line_format.ts";
import { type ColumnMemory, columnMemory, newColumnMemory } from "./column_memory.ts";

/** A scan of records of one shape, as {@link RecordScanner.scan} describes it. */
export type RecordScanning = (
  bytes: Uint8Array,
  start: number,
  end: number,
  final: boolean,
) => RecordScan;

/** How many numbers the kernel writes for a fault: what was found, place, line, start, where the next record starts. */
const FAULT_STRIDE = 5;
/** Ends the list of wanted fields: no field has this place. */
const NO_FIELD = -1;

let chosen: RecordKernel | null | undefined;

/**
 * The scan to use for records of this shape: the kernel, on the memory that the thread's kernels share, or the twin where
 * WebAssembly or its SIMD is missing.
 */
export function recordScanner(shape: RecordShape): RecordScanning {
  if (chosen === undefined) chosen = recordKernel(columnMemory());
  return chosen?.scanner(shape) ?? twinScanner(shape);
}

/** The scan in TypeScript. */
export function twinScanner(shape: RecordShape): RecordScanning {
  const twin = new RecordScanner(shape);
  return (bytes, start, end, final) => twin.scan(bytes, start, end, final);
}

/** The kernel on a memory, or one of its own; null where it cannot run. */
export function recordKernel(memory = newColumnMemory()): RecordKernel | null {
  return memory === null ? null : new RecordKernel(memory);
}

/** Scans in a memory. What a scan finds is copied out, and lies there for other kernels until the next bytes come. */
export class RecordKernel {
  readonly #memory: ColumnMemory;
  readonly #state: Int32Array;
  readonly #wanted: Int32Array;
  readonly #doubled: Uint8Array;
  readonly #tape: Int32Array;
  readonly #faults: Int32Array;
  readonly #faultRoom: number;
  readonly #mostWanted: number;

  constructor(memory: ColumnMemory) {
    const { STATE, WANTED, MOST_WANTED, DOUBLED, TAPE, FAULTS, FAULT_ROOM } = memory.exports;
    this.#memory = memory;
    this.#faultRoom = FAULT_ROOM.value;
    this.#mostWanted = MOST_WANTED.value;
    this.#state = memory.int32(STATE, 5);
    this.#wanted = memory.int32(WANTED, this.#mostWanted + 1);
    this.#doubled = memory.uint8(DOUBLED, this.#mostWanted);
    this.#tape = memory.int32(TAPE, 2 * MOST_PLACES);
    this.#faults = memory.int32(FAULTS, FAULT_STRIDE * this.#faultRoom);
  }

  /** The kernel's scan of one shape; what it does not take goes to a twin. */
  scanner(shape: RecordShape): RecordScanning {
    const twin = twinScanner(shape);
    const { input } = this.#memory;
    if (shape.wanted.length > this.#mostWanted) return twin;
    return (bytes, start, end, final) => {
      const length = end - start;
      // Only a single record can be a longer block, and only the last one may go without a line feed.
      if (final || length > input.length) return twin(bytes, start, end, final);
      return this.#scan(shape, bytes, start, end);
    };
  }

  #scan(shape: RecordShape, bytes: Uint8Array, start: number, end: number): RecordScan {
    const { dialect: { separator, quote }, fields, wanted } = shape;
    const length = end - start;
    const room = mostRows(wanted.length);
    const state = this.#state;
    const { exports } = this.#memory;
    const faults: LineFault[] = [];
    this.#memory.load(bytes, start, end);
    this.#wanted.set(wanted);
    this.#wanted[wanted.length] = NO_FIELD;
    this.#doubled.fill(0, 0, wanted.length);
    state.fill(0);
    do {
      exports.scan(length, start, fields, room, separator, quote);
      if (state[4]! > 0) this.#readFaults(bytes, fields, state[4]!, faults);
      // Full of faults, it has not come to the end.
    } while (state[4] === this.#faultRoom);
    const rows = state[1]!;
    // One copy for all columns, since what an array costs is its memory, not its bytes.
    const size = 2 * wanted.length * rows;
    const places = new Int32Array(borrow(bytes, 4 * size), 0, size);
    for (let part = 0; part < 2 * wanted.length; part++) {
      places.set(this.#tape.subarray(part * room, part * room + rows), part * rows);
    }
    const part = (half: number) =>
      wanted.map((_, slot) =>
        places.subarray((2 * slot + half) * rows, (2 * slot + half + 1) * rows)
      );
    const [starts, ends] = [part(0), part(1)];
    this.#memory.keep({ bytes, base: start, length, room, starts, ends });
    return {
      starts,
      ends,
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
