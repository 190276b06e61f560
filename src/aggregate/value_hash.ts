/**
 * Values as 64 bits of hash, the same on every thread and machine.
 * @module
 */
import type { Column, Value } from "../batch/column.ts";
import { KeyEncoder, TAG } from "./key.ts";

/** Fixed, so that states agree wherever they were made; the first bits of pi. */
const FIRST_SEED = 0x243f6a88;
const SECOND_SEED = 0x05a308d3;

/** What the two halves of the hash of a text begin with. */
export const TEXT_SEEDS: readonly [first: number, second: number] = [
  FIRST_SEED ^ TAG.text,
  SECOND_SEED,
];

/**
 * Hashes one value at a time; key identity is that of key.ts. Among a million values two share a hash with a chance of
 * 1 in 37 million. Who prepares values that share one gets a lower count in the own answer, no more: tables choose their
 * slots under a secret of their own. The buffer for values that are not text is declared through `take`.
 *
 * Both halves come from one pass: two lanes of MurmurHash3 (Austin Appleby, public domain, its 32-bit body and the mixing
 * of its 128-bit form), each of which sees every word.
 */
export class ValueHasher {
  /** The halves of the last hash. */
  first = 0;
  second = 0;
  readonly #encoder: KeyEncoder;
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(new ArrayBuffer(0));

  constructor(take: (bytes: number) => void) {
    this.#encoder = new KeyEncoder(take);
  }

  /** Sets the halves to the hash of a cell that is not null. Text is hashed where it lies. */
  cell(column: Column, row: number): void {
    if (column.kind !== "text") {
      this.#encoder.start();
      this.#hashKey(this.#encoder.cell(column, row));
      return;
    }
    if (column.bytes !== this.#bytes) {
      const { buffer, byteOffset, byteLength } = column.bytes;
      this.#bytes = column.bytes;
      this.#view = new DataView(buffer as ArrayBuffer, byteOffset, byteLength);
    }
    this.#hash(this.#view, column.starts[row]!, column.ends[row]!, TAG.text);
  }

  /** As {@link ValueHasher.cell}, for a value. */
  value(value: Value): void {
    this.#encoder.start();
    this.#hashKey(this.#encoder.value(value));
  }

  /** Lets go of the last batch's bytes. */
  release(): void {
    this.#bytes = new Uint8Array(0);
    this.#view = new DataView(new ArrayBuffer(0));
  }

  #hashKey(tag: number): void {
    this.#hash(this.#encoder.view, 0, this.#encoder.length, tag);
  }

  #hash(view: DataView, start: number, end: number, tag: number): void {
    let one = FIRST_SEED ^ tag;
    let two = SECOND_SEED;
    const whole = end - ((end - start) & 3);
    for (let at = start; at < whole; at += 4) {
      const word = view.getInt32(at, true);
      one ^= scrambled(word, 0xcc9e2d51, 15, 0x1b873593);
      one = Math.imul(one << 13 | one >>> 19, 5) + 0xe6546b64 | 0;
      two ^= scrambled(word, 0xab0e9789, 17, 0x38b34ae5);
      two = Math.imul(two << 15 | two >>> 17, 5) + 0x0bcaa747 | 0;
    }
    let rest = 0;
    for (let at = whole; at < end; at++) rest = rest << 8 | view.getUint8(at);
    one ^= scrambled(rest, 0xcc9e2d51, 15, 0x1b873593) ^ (end - start);
    two ^= scrambled(rest, 0xab0e9789, 17, 0x38b34ae5) ^ (end - start);
    one = one + two | 0;
    two = two + one | 0;
    one = mixed(one);
    two = mixed(two);
    this.first = one + two | 0;
    this.second = two + this.first | 0;
  }
}

function scrambled(word: number, before: number, turn: number, behind: number): number {
  const product = Math.imul(word, before);
  return Math.imul(product << turn | product >>> (32 - turn), behind);
}

/** The finalizer of MurmurHash3: every bit depends on every bit. */
function mixed(value: number): number {
  const half = Math.imul(value ^ value >>> 16, 0x85ebca6b);
  const most = Math.imul(half ^ half >>> 13, 0xc2b2ae35);
  return most ^ most >>> 16;
}
