/**
 * Values as 64 bits of hash, the same on every thread and machine.
 * @module
 */
import type { Column, Value } from "../batch/column.ts";
import { halfSipHash, type HashSecret } from "./hash.ts";
import { KeyEncoder, TAG } from "./key.ts";

/** Fixed, so that states agree wherever they were made; the first bits of pi. */
const FIRST_SECRET: HashSecret = [0x243f6a88, 0x05a308d3];
const SECOND_SECRET: HashSecret = [0x13198a2e, 0x03707344];

/**
 * Hashes one value at a time; key identity is that of key.ts. Among a million values two share a hash with a chance of
 * 1 in 37 million. The buffer for values that are not text is declared through `take`.
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
    this.first = halfSipHash(view, start, end, FIRST_SECRET[0], FIRST_SECRET[1] ^ tag);
    this.second = halfSipHash(view, start, end, SECOND_SECRET[0], SECOND_SECRET[1] ^ tag);
  }
}
