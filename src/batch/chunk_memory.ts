/**
 * Memory behind rows that is given back by hand. A collector frees it too, but late: what it counts are objects, and a chunk
 * of an upload is a small one that holds up to half a MiB outside of its heap.
 * @module
 */

import { copiedInt32s } from "./short_arrays.ts";

/** Borrowed memory is made in multiples of so many bytes, so that what one chunk needed does for the next. */
const STEP_BYTES = 16 * 1024;
/** Less than this is not worth the books, and more, of which a line that spans chunks may be, is not kept. */
const LEAST_BYTES = STEP_BYTES / 2;
const MOST_BYTES = 32 * STEP_BYTES;
/** The most pieces that wait to be used again: of each thread, at most 8 MiB in all. */
const MOST_SPARE = 16;

const owned = new WeakSet<Uint8Array>();
const loans = new WeakMap<Uint8Array, Loan>();
const spare: ArrayBuffer[] = [];

/**
 * Says that the memory of `chunk` is its reader's alone, to be called by who made it and forgets it then. It is said of this
 * very object: a view of it is no such chunk, nor is one that is itself a part of larger memory.
 */
export function giveAway(chunk: Uint8Array): void {
  if (chunk.byteLength === chunk.buffer.byteLength) owned.add(chunk);
}

/**
 * Memory of at least `size` bytes, of any content, that nobody needs longer than the chunk `source`, or than the chunk that
 * `source` was itself borrowed for. Of a chunk that nobody follows to its end ({@link Loan}), it is new.
 */
export function borrow(source: Uint8Array, size: number): ArrayBuffer {
  return loans.get(source)?.borrow(size) ?? new ArrayBuffer(size);
}

/** As {@link borrow}: bytes, for which more can be borrowed in turn. */
export function borrowBytes(source: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(borrow(source, size), 0, size);
  const loan = loans.get(source);
  if (loan !== undefined) loans.set(bytes, loan);
  return bytes;
}

/** As {@link borrow}: a copy of the first `length` of `from`; short ones share memory instead. */
export function borrowInt32s(
  source: Uint8Array,
  from: Int32Array,
  length: number,
): Int32Array<ArrayBuffer> {
  if (4 * length < LEAST_BYTES) return copiedInt32s(from, length);
  const copy = new Int32Array(borrow(source, 4 * length), 0, length);
  copy.set(from.subarray(0, length));
  return copy;
}

/** A chunk that is followed to where nobody reads it any more, and what was borrowed for it meanwhile. */
export class Loan {
  readonly #borrowed: ArrayBuffer[] = [];

  constructor(readonly chunk: Uint8Array) {
    loans.set(chunk, this);
  }

  /** Memory until the chunk is spent; null for so little, or so much, that it is not lent. */
  borrow(size: number): ArrayBuffer | null {
    if (size < LEAST_BYTES || size > MOST_BYTES) return null;
    const at = spare.findIndex(({ byteLength }) =>
      byteLength >= size && byteLength < 2 * size + STEP_BYTES
    );
    const memory = at < 0
      ? new ArrayBuffer(Math.ceil(size / STEP_BYTES) * STEP_BYTES)
      : spare.splice(at, 1)[0]!;
    this.#borrowed.push(memory);
    return memory;
  }

  /** Nobody reads the chunk any more: frees it, if it was given away, and lends again what was borrowed for it. */
  spent(): void {
    const { buffer } = this.chunk;
    if (loans.get(this.chunk) === this) loans.delete(this.chunk);
    if (owned.delete(this.chunk) && buffer instanceof ArrayBuffer) buffer.transfer(0);
    for (const memory of this.#borrowed) if (spare.length < MOST_SPARE) spare.push(memory);
    this.#borrowed.length = 0;
  }
}
