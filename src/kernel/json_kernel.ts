/**
 * The scan of lines of JSON in WebAssembly: the same answer as `jsonScan`, from the kernel beside this file.
 * @module
 */
import type { JsonTree } from "../batch/json_paths.ts";
import { jsonScan } from "../batch/json_scan.ts";
import {
  JSON_KIND,
  type JsonBlock,
  type JsonScan,
  JsonTape,
  type LeftLine,
  MOST_FIELDS,
  TAPE_PLACES,
} from "../batch/json_tape.ts";
import { movePlaces } from "../batch/json_kept.ts";
import { lineFeed, NEWLINE, trimmedEnd } from "../batch/line_format.ts";
import { type Address, kernelExports } from "./instance.ts";
import { writeJsonTree } from "./json_kernel_tree.ts";
import { WASM_BASE64 } from "./json_wasm.ts";

interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly STATE: Address;
  readonly SUMMARIES: Address;
  readonly POWERS: Address;
  readonly TREE: Address;
  readonly TREE_BYTES: Address;
  readonly STARTS: Address;
  readonly ENDS: Address;
  readonly NUMBERS: Address;
  readonly KINDS: Address;
  readonly INPUT: Address;
  readonly INPUT_BYTES: Address;
  readonly KEPT: Address;
  prepare(): void;
  scan(to: number, fields: number, room: number): void;
  keep(rows: number, fields: number, most: number): number;
}

/** Makes scans for some fields, as {@link jsonScan} does. */
export interface JsonScanMaker {
  (tree: JsonTree): JsonScan;
  /** Bytes of a kernel's memory, MAX_BATCH_BYTES of them: what is put there is scanned without being copied. */
  readonly room?: Uint8Array;
}

let chosen: JsonScanMaker | null = null;

/**
 * The scans to use: those of the kernel, instantiated once a thread when first asked for (1 MB), or `jsonScan` where
 * WebAssembly or its SIMD is missing.
 */
export function jsonScanner(): JsonScanMaker {
  return chosen ??= kernelJsonScan() ?? jsonScan;
}

/** Scans on a kernel of their own; null where it cannot run. */
export function kernelJsonScan(): JsonScanMaker | null {
  const exports = kernelExports<KernelExports>(WASM_BASE64);
  if (exports === null) return null;
  const kernel = new JsonKernel(exports);
  return Object.assign((tree: JsonTree) => kernel.scanFor(tree), { room: kernel.room });
}

/** Views of the kernel's memory, which never grows. A scan never yields, so one kernel serves all runs of its thread. */
class JsonKernel {
  readonly #exports: KernelExports;
  readonly #input: Uint8Array;
  readonly #kept: Uint8Array;
  readonly #state: Int32Array;
  readonly #summaries: Uint8Array;
  /** Whose fields the kernel looks for. */
  #tree: JsonTree | null = null;

  /** The input without the line feed. */
  get room(): Uint8Array {
    return this.#input.subarray(0, -1);
  }

  constructor(exports: KernelExports) {
    const { buffer } = exports.memory;
    this.#exports = exports;
    // A line feed stands behind the longest input.
    this.#input = new Uint8Array(buffer, exports.INPUT.value, exports.INPUT_BYTES.value + 1);
    this.#kept = new Uint8Array(buffer, exports.KEPT.value, exports.INPUT_BYTES.value);
    this.#state = new Int32Array(buffer, exports.STATE.value, 8);
    this.#summaries = new Uint8Array(buffer, exports.SUMMARIES.value, MOST_FIELDS);
    const powers = new Float64Array(buffer, exports.POWERS.value, 23);
    powers.forEach((_, power) => powers[power] = Number(`1e${power}`));
  }

  scanFor(tree: JsonTree): JsonScan {
    let twin: JsonScan | null = null;
    if (!this.#load(tree)) return jsonScan(tree);
    const tape = this.#tapeFor(tree.paths.length);
    return (bytes, start, end, left) => {
      const length = end - start;
      // Only a single line can be a longer block.
      if (length >= this.#input.length || length <= 0) {
        return (twin ??= jsonScan(tree))(bytes, start, end, left);
      }
      this.#load(tree);
      return this.#scan(bytes, start, end, tape, left);
    };
  }

  /** False when the fields do not fit. */
  #load(tree: JsonTree): boolean {
    if (this.#tree === tree) return true;
    const { memory, TREE, TREE_BYTES } = this.#exports;
    const region = new DataView(memory.buffer, TREE.value, TREE_BYTES.value);
    this.#tree = writeJsonTree(tree.root, region) ? tree : null;
    this.#exports.prepare();
    return this.#tree !== null;
  }

  #tapeFor(count: number): JsonTape {
    const { memory: { buffer }, STARTS, ENDS, KINDS, NUMBERS } = this.#exports;
    return new JsonTape(
      count,
      new Int32Array(buffer, STARTS.value, TAPE_PLACES),
      new Int32Array(buffer, ENDS.value, TAPE_PLACES),
      new Uint8Array(buffer, KINDS.value, TAPE_PLACES),
      new Float64Array(buffer, NUMBERS.value, TAPE_PLACES),
    );
  }

  #scan(
    bytes: Uint8Array,
    start: number,
    end: number,
    tape: JsonTape,
    left: LeftLine,
  ): JsonBlock {
    const input = this.#input;
    const state = this.#state;
    const inPlace = bytes.buffer === input.buffer;
    // Offsets in the input are so much smaller than those in the bytes.
    const shift = inPlace ? 0 : start;
    const to = end - shift;
    if (!inPlace) {
      input.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
    }
    const behind = input[to]!;
    input[to] = NEWLINE;
    state.fill(0);
    state[0] = start - shift;
    do {
      this.#exports.scan(to, tape.count, tape.room);
      if (state[4] === 0) break;
      const at = state[0]! + shift;
      const newline = lineFeed(bytes, at, end);
      const row = state[1]!;
      if (left(at, trimmedEnd(bytes, at, newline), state[2]!, row)) {
        tape.mark(row, JSON_KIND.parsed);
        state[1] = row + 1;
      }
      state[0] = Math.min(newline + 1, end) - shift;
      state[2]!++;
    } while (state[0]! < to && state[1]! < tape.room);
    input[to] = behind;
    return this.#block(tape, start - shift, shift);
  }

  /** What is on the tape of the input from `from` on. */
  #block(tape: JsonTape, from: number, shift: number): JsonBlock {
    const [next, rows, lines, empty] = this.#state as unknown as [number, number, number, number];
    const size = this.#exports.keep(rows, tape.count, next - from);
    const fields = tape.fields(rows, this.#summaries);
    if (size < 0) movePlaces(fields, from);
    const bytes = size < 0 ? this.#input.slice(from, next) : this.#kept.slice(0, size);
    return { bytes, fields, rows, lines, empty, next: next + shift };
  }
}
