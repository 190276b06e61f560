/**
 * Short typed arrays that share their memory. On V8 an array of its own costs 300 to 600 ns and a collection that looks at
 * it, whatever its length; a small upload needs some twenty. A view of memory that is there costs 40.
 * @module
 */

/** Memory is taken so many bytes at a time. */
const SLAB_BYTES = 16 * 1024;
/** Longer arrays have memory of their own. */
export const SHORT_BYTES = 2 * 1024;

let slab = new ArrayBuffer(SLAB_BYTES);
let used = 0;

/**
 * `length` zeros, like a new array, of which nobody else has a part. But one that is kept keeps up to 16 KiB with it, and
 * one must not be transferred or cloned to another thread: copy it (`slice`) before.
 */
export function shortInt32s(length: number): Int32Array<ArrayBuffer> {
  const at = place(4 * length);
  return at < 0 ? new Int32Array(length) : new Int32Array(slab, at, length);
}

/** As {@link shortInt32s}. */
export function shortUint32s(length: number): Uint32Array<ArrayBuffer> {
  const at = place(4 * length);
  return at < 0 ? new Uint32Array(length) : new Uint32Array(slab, at, length);
}

/** As {@link shortInt32s}. */
export function shortFloat64s(length: number): Float64Array<ArrayBuffer> {
  const at = place(8 * length);
  return at < 0 ? new Float64Array(length) : new Float64Array(slab, at, length);
}

/** As {@link shortInt32s}. */
export function shortBytes(length: number): Uint8Array<ArrayBuffer> {
  const at = place(length);
  return at < 0 ? new Uint8Array(length) : new Uint8Array(slab, at, length);
}

/** A copy of the first `length` of `from`, in memory of its own when it is not short. */
export function copiedInt32s(from: Int32Array, length: number): Int32Array<ArrayBuffer> {
  if (4 * length > SHORT_BYTES) return from.slice(0, length) as Int32Array<ArrayBuffer>;
  const copy = shortInt32s(length);
  copy.set(from.subarray(0, length));
  return copy;
}

/** As {@link copiedInt32s}. */
export function copiedBytes(from: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  if (length > SHORT_BYTES) return from.slice(0, length) as Uint8Array<ArrayBuffer>;
  const copy = shortBytes(length);
  copy.set(from.subarray(0, length));
  return copy;
}

/** Where in the slab the next `bytes` stand, each place given out once; -1 when they are too many. */
function place(bytes: number): number {
  if (bytes > SHORT_BYTES) return -1;
  const next = used + ((bytes + 7) & ~7);
  if (next > SLAB_BYTES) {
    slab = new ArrayBuffer(SLAB_BYTES);
    used = (bytes + 7) & ~7;
    return 0;
  }
  const at = used;
  used = next;
  return at;
}
