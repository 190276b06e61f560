/**
 * The access log scan in WebAssembly: the same answer as `scanAccessLog`, from the kernel beside this file.
 * @module
 */
import { accessFaultReason, type AccessScan, scanAccessLog, STRIDE } from "../batch/access_scan.ts";
import { MAX_BATCH_ROWS } from "../batch/batch.ts";
import { borrowInt32s } from "../batch/chunk_memory.ts";
import type { LineFault } from "../batch/line_format.ts";
import { WASM_BASE64 } from "./access_log_wasm.ts";
import { type Address, kernelExports } from "./instance.ts";

/** A scan of access log lines, as {@link scanAccessLog} describes it. */
export type AccessScanner = typeof scanAccessLog;

interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly STATE: Address;
  readonly TAPE: Address;
  readonly FAULTS: Address;
  readonly INPUT: Address;
  readonly INPUT_BYTES: Address;
  readonly COLUMNS: Address;
  scan(length: number, base: number, most: number, referer: number): void;
  columns(rows: number, base: number, wanted: number): number;
}

/** How many numbers the kernel writes for a fault: code, place, line, start, end. */
const FAULT_STRIDE = 5;

let shared: AccessKernel | null | undefined;
let chosen: AccessScanner | null = null;

/**
 * The scan to use: the kernel, instantiated once a thread when first asked for (3 MB, of which it touches what blocks need), or
 * `scanAccessLog` where WebAssembly or its SIMD is missing.
 */
export function accessScanner(): AccessScanner {
  return chosen ??= scannerOn(sharedAccessKernel()) ?? scanAccessLog;
}

/** A scanner on a kernel of its own; null where it cannot run. */
export function kernelScanner(): AccessScanner | null {
  return scannerOn(newAccessKernel());
}

function scannerOn(kernel: AccessKernel | null): AccessScanner | null {
  return kernel &&
    ((bytes, start, end, referer) =>
      kernel.fits(end - start)
        ? kernel.tape(bytes, start, end, referer)
        : scanAccessLog(bytes, start, end, referer));
}

/** The kernel of this thread; null where it cannot run. */
export function sharedAccessKernel(): AccessKernel | null {
  if (shared === undefined) shared = newAccessKernel();
  return shared;
}

/** Another kernel; null where it cannot run. */
export function newAccessKernel(): AccessKernel | null {
  const exports = kernelExports<KernelExports>(WASM_BASE64);
  return exports && new AccessKernel(exports);
}

/** Views of the kernel's memory, which never grows. A scan never yields, so one kernel serves all runs of its thread. */
export class AccessKernel {
  readonly #exports: KernelExports;
  readonly #state: Int32Array;
  readonly #tape: Int32Array;
  readonly #faults: Int32Array;
  readonly #columns: Uint8Array;
  /** What lines may be put into where they are scanned. */
  readonly input: Uint8Array;

  constructor(exports: KernelExports) {
    const { buffer } = exports.memory;
    this.#exports = exports;
    this.input = new Uint8Array(buffer, exports.INPUT.value, exports.INPUT_BYTES.value);
    this.#state = new Int32Array(buffer, exports.STATE.value, 5);
    this.#tape = new Int32Array(buffer, exports.TAPE.value, MAX_BATCH_ROWS * STRIDE);
    this.#faults = new Int32Array(buffer, exports.FAULTS.value);
    this.#columns = new Uint8Array(buffer, exports.COLUMNS.value);
  }

  /** Whether a block of so many bytes can be scanned. Only a single line can be longer, and the twin is as fast on that. */
  fits(length: number): boolean {
    return length > 0 && length <= this.input.length;
  }

  /** As `scanAccessLog`, of a block that fits. */
  tape(bytes: Uint8Array, start: number, end: number, referer: boolean): AccessScan {
    const found = this.scan(bytes, start, end, referer);
    return { ...found, tape: borrowInt32s(bytes, this.#tape, found.rows * STRIDE) };
  }

  /** As {@link AccessKernel.tape}; the tape stays here, for {@link AccessKernel.columns}. */
  scan(
    bytes: Uint8Array,
    start: number,
    end: number,
    referer: boolean,
  ): Omit<AccessScan, "tape"> {
    const inPlace = bytes.buffer === this.input.buffer;
    const base = inPlace ? 0 : start;
    if (!inPlace) {
      this.input.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
    }
    const length = end - base;
    const state = this.#state;
    const faults: LineFault[] = [];
    state.fill(0);
    state[0] = start - base;
    do {
      this.#exports.scan(length, base, MAX_BATCH_ROWS, referer ? 1 : 0);
      if (state[4]! > 0) this.#readFaults(bytes, state[4]!, faults);
    } while (state[0]! < length && state[1]! < MAX_BATCH_ROWS);
    return {
      rows: state[1]!,
      lines: state[2]!,
      empty: state[3]!,
      faults,
      next: base + state[0]!,
    };
  }

  /**
   * The wanted columns of the `rows` rows that were scanned last, whose bytes began at `start`: a view, good until the next call. A
   * bit is wanted for each field, and eight bytes a row are written for each, then all texts.
   */
  columns(bytes: Uint8Array, start: number, rows: number, wanted: number): Uint8Array {
    const base = bytes.buffer === this.input.buffer ? 0 : start;
    return this.#columns.subarray(0, this.#exports.columns(rows, base, wanted));
  }

  #readFaults(bytes: Uint8Array, count: number, faults: LineFault[]): void {
    const table = this.#faults;
    for (let at = 0; at < count * FAULT_STRIDE; at += FAULT_STRIDE) {
      const end = table[at + 4]!;
      const reason = accessFaultReason(table[at]!, bytes, table[at + 1]!, end);
      faults.push({ line: table[at + 2]!, start: table[at + 3]!, end, reason });
    }
  }
}
