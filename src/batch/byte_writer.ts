/**
 * A growing run of bytes to write into.
 * @module
 */
import { copiedBytes } from "./short_arrays.ts";
import { decodeText } from "./text.ts";

const QUOTE = 34;
const BACKSLASH = 92;
const ZERO = 48;
/** The most bytes that a writer keeps for its next use. */
const KEPT_BYTES = 1024 * 1024;
const FIRST_BYTES = 64 * 1024;
const encoder = new TextEncoder();

/** Writes JSON pieces into one buffer that doubles when it is full. At rest it keeps at most 1 MiB. */
export class ByteWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;

  /** The buffer with room for at least `more` bytes at {@link ByteWriter.length}; valid until the next write. */
  room(more: number): Uint8Array {
    const needed = this.#length + more;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    return this.#bytes;
  }

  get length(): number {
    return this.#length;
  }

  /** Says that bytes up to `length` have been written into {@link ByteWriter.room}. */
  advance(length: number): void {
    this.#length = length;
  }

  byte(byte: number): void {
    this.room(1)[this.#length++] = byte;
  }

  /** Bytes as they are; short runs, which most are, without a call into the runtime. */
  raw(source: Uint8Array): void {
    const target = this.room(source.length);
    let at = this.#length;
    if (source.length > 32) target.set(source, at);
    else for (let index = 0; index < source.length; index++) target[at++] = source[index]!;
    this.#length += source.length;
  }

  /** The UTF-8 bytes of `text`. */
  text(text: string): void {
    const target = this.room(text.length * 3);
    this.#length += encoder.encodeInto(text, target.subarray(this.#length)).written;
  }

  /** `bytes[start, end)` as a JSON string. ASCII without anything to escape, most of what logs hold, is only copied. */
  quoted(bytes: Uint8Array, start: number, end: number): void {
    const target = this.room(end - start + 2);
    let to = this.#length;
    target[to++] = QUOTE;
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      if (byte < 0x20 || byte >= 0x7f || byte === QUOTE || byte === BACKSLASH) {
        return this.text(JSON.stringify(decodeText(bytes, start, end)));
      }
      target[to++] = byte;
    }
    target[to++] = QUOTE;
    this.#length = to;
  }

  /** A finite number as JSON. */
  number(value: number): void {
    if (!(value >= 0 && value <= 0x7fffffff) || value !== (value | 0)) {
      return this.text(String(value));
    }
    const target = this.room(10);
    let digits = 1;
    for (let bound = 10; bound <= value; bound *= 10) digits++;
    let rest = value | 0;
    for (let at = this.#length + digits - 1; at >= this.#length; at--) {
      const tenth = (rest / 10) | 0;
      target[at] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
    this.#length += digits;
  }

  /** A copy of what was written; the writer is then empty. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = copiedBytes(this.#bytes, this.#length);
    this.#length = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = new Uint8Array(FIRST_BYTES);
    return taken;
  }

  /** Forgets what was written. */
  clear(): void {
    this.#length = 0;
  }
}
