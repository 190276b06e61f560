/**
 * The scan of logfmt and LTSV in WebAssembly: the same answer as `PairScanner`, from the kernel beside this file.
 * @module
 */
import { borrow } from "../batch/chunk_memory.ts";
import { MOST_PLACES, mostRows } from "../batch/csv_scan.ts";
import {
  type PairScan,
  PairScanner,
  type PairScanning,
  type PairSyntax,
  type ReadLine,
} from "../batch/pair_scan.ts";
import { type Address, kernelExports } from "./instance.ts";
import { WASM_BASE64 } from "./pairs_wasm.ts";

interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly STATE: Address;
  readonly FLAGS: Address;
  readonly KEYS: Address;
  readonly TAPE: Address;
  readonly INPUT: Address;
  readonly INPUT_BYTES: Address;
  readonly MOST_KEYS: Address;
  readonly MOST_KEY_BYTES: Address;
  scan(length: number, base: number, room: number, keys: number, ltsv: number): void;
}

/** Where a key's bytes are in its entry, and how long the entry is. */
const KEY_TEXT = 64;
const KEY_ENTRY = 128;
const CARRIAGE_RETURN = 13;

let chosen: PairKernel | null | undefined;

/**
 * The scan to use for these keys: the kernel, instantiated once a thread when first asked for (0.8 MB), or the twin where
 * WebAssembly or its SIMD is missing.
 */
export function pairScanner(syntax: PairSyntax, keys: readonly Uint8Array[]): PairScanning {
  if (chosen === undefined) chosen = pairKernel();
  return chosen?.scanner(syntax, keys) ?? twinPairScanner(syntax, keys);
}

/** The scan in TypeScript. */
export function twinPairScanner(syntax: PairSyntax, keys: readonly Uint8Array[]): PairScanning {
  const twin = new PairScanner(syntax, keys);
  return (bytes, start, end, readLine) => twin.scan(bytes, start, end, readLine);
}

/** A kernel of its own; null where it cannot run. */
export function pairKernel(): PairKernel | null {
  const exports = kernelExports<KernelExports>(WASM_BASE64);
  return exports === null ? null : new PairKernel(exports);
}

/** Views of the kernel's memory, which never grows. A scan never yields, so one kernel serves all runs of its thread. */
export class PairKernel {
  readonly #exports: KernelExports;
  readonly #memory: Uint8Array;
  readonly #input: Uint8Array;
  readonly #state: Int32Array;
  readonly #flags: Uint8Array;
  readonly #tape: Int32Array;
  #known: readonly Uint8Array[] = [];

  constructor(exports: KernelExports) {
    const { buffer } = exports.memory;
    this.#exports = exports;
    this.#memory = new Uint8Array(buffer);
    this.#input = new Uint8Array(buffer, exports.INPUT.value, exports.INPUT_BYTES.value);
    this.#state = new Int32Array(buffer, exports.STATE.value, 6);
    this.#flags = new Uint8Array(buffer, exports.FLAGS.value, 2 * exports.MOST_KEYS.value);
    this.#tape = new Int32Array(buffer, exports.TAPE.value, 2 * MOST_PLACES);
  }

  /** The kernel's scan for some keys; blocks that are too long for it go to a twin. */
  scanner(syntax: PairSyntax, keys: readonly Uint8Array[]): PairScanning {
    const twin = twinPairScanner(syntax, keys);
    const { MOST_KEYS, MOST_KEY_BYTES } = this.#exports;
    const fits = keys.length <= MOST_KEYS.value &&
      keys.every((key) => key.length <= MOST_KEY_BYTES.value);
    if (!fits) return twin;
    return (bytes, start, end, readLine) => {
      // Only a single line can be a longer block.
      if (end - start > this.#input.length) return twin(bytes, start, end, readLine);
      return this.#scan(syntax, keys, bytes, start, end, readLine);
    };
  }

  #scan(
    syntax: PairSyntax,
    keys: readonly Uint8Array[],
    bytes: Uint8Array,
    start: number,
    end: number,
    readLine: ReadLine,
  ): PairScan {
    const room = mostRows(keys.length);
    const length = end - start;
    const state = this.#state;
    this.#learn(keys);
    this.#input.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
    this.#flags.fill(0);
    state.fill(0);
    while (state[0]! < length && state[1]! < room) {
      this.#exports.scan(length, start, room, keys.length, syntax === "ltsv" ? 1 : 0);
      if (state[4] === 1) this.#readLeft(bytes, start, length, readLine);
    }
    const rows = state[1]!;
    return {
      ...this.#places(bytes, keys.length, rows, room),
      bare: keys.map((_, key) => this.#flags[2 * key] === 1),
      wide: keys.map((_, key) => this.#flags[2 * key + 1] === 1),
      rows,
      lines: state[2]!,
      empty: state[3]!,
      next: start + state[0]!,
    };
  }

  #readLeft(bytes: Uint8Array, start: number, length: number, readLine: ReadLine): void {
    const state = this.#state;
    const [from, feed] = [start + state[0]!, start + state[5]!];
    const to = bytes[feed - 1] === CARRIAGE_RETURN ? feed - 1 : feed;
    if (readLine(state[1]!, state[2]!, from, to)) state[1]! += 1;
    state[2]! += 1;
    state[0] = Math.min(length, feed + 1 - start);
  }

  #places(
    bytes: Uint8Array,
    keys: number,
    rows: number,
    room: number,
  ): Pick<PairScan, "starts" | "ends"> {
    const size = 2 * keys * rows;
    const places = new Int32Array(borrow(bytes, 4 * size), 0, size);
    for (let part = 0; part < 2 * keys; part++) {
      places.set(this.#tape.subarray(part * room, part * room + rows), part * rows);
    }
    const of = (half: number) =>
      Array.from({ length: keys }, (_, key) => {
        const part = 2 * key + half;
        return places.subarray(part * rows, (part + 1) * rows);
      });
    return { starts: of(0), ends: of(1) };
  }

  #learn(keys: readonly Uint8Array[]): void {
    if (keys === this.#known) return;
    this.#known = keys;
    keys.forEach((key, index) => {
      const entry = this.#exports.KEYS.value + KEY_ENTRY * index;
      this.#memory.fill(0, entry, entry + KEY_ENTRY);
      this.#memory[entry] = key.length;
      this.#memory.set(key, entry + KEY_TEXT);
    });
  }
}
