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
  scan(length: number, base: number, most: number, referer: number): void;
}

/** How many numbers the kernel writes for a fault: code, place, line, start, end. */
const FAULT_STRIDE = 5;

let chosen: AccessScanner | null = null;

/**
 * The scan to use: the kernel, instantiated once a thread when first asked for (0.8 MB), or `scanAccessLog` where
 * WebAssembly or its SIMD is missing.
 */
export function accessScanner(): AccessScanner {
  return chosen ??= kernelScanner() ?? scanAccessLog;
}

/** A scanner on a kernel of its own; null where it cannot run. */
export function kernelScanner(): AccessScanner | null {
  const exports = kernelExports<KernelExports>(WASM_BASE64);
  if (exports === null) return null;
  const kernel = new AccessKernel(exports);
  return (bytes, start, end, referer) => kernel.scan(bytes, start, end, referer);
}

/** Views of the kernel's memory, which never grows. A scan never yields, so one kernel serves all runs of its thread. */
class AccessKernel {
  readonly #exports: KernelExports;
  readonly #input: Uint8Array;
  readonly #state: Int32Array;
  readonly #tape: Int32Array;
  readonly #faults: Int32Array;

  constructor(exports: KernelExports) {
    const { buffer } = exports.memory;
    this.#exports = exports;
    this.#input = new Uint8Array(buffer, exports.INPUT.value, exports.INPUT_BYTES.value);
    this.#state = new Int32Array(buffer, exports.STATE.value, 5);
    this.#tape = new Int32Array(buffer, exports.TAPE.value, MAX_BATCH_ROWS * STRIDE);
    this.#faults = new Int32Array(buffer, exports.FAULTS.value);
  }

  scan(bytes: Uint8Array, start: number, end: number, referer: boolean): AccessScan {
    const length = end - start;
    // Only a single line can be a longer block, and its scan is as long as its search for a line feed.
    if (length > this.#input.length || length <= 0) {
      return scanAccessLog(bytes, start, end, referer);
    }
    this.#input.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
    const state = this.#state;
    const faults: LineFault[] = [];
    state.fill(0);
    do {
      this.#exports.scan(length, start, MAX_BATCH_ROWS, referer ? 1 : 0);
      if (state[4]! > 0) this.#readFaults(bytes, state[4]!, faults);
    } while (state[0]! < length && state[1]! < MAX_BATCH_ROWS);
    const rows = state[1]!;
    const tape = borrowInt32s(bytes, this.#tape, rows * STRIDE);
    return { tape, rows, lines: state[2]!, empty: state[3]!, faults, next: start + state[0]! };
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
