/**
 * The bytes of the values that a scan has found, without those between them.
 * @module
 */
import type { JsonPlaces } from "./json_tape.ts";

/** Up to so many bytes are copied one by one, which costs less than a view of them. */
const SHORT = 64;

/**
 * The bytes of all values of `fields` that have places, one behind the other, to which these places are moved. Nothing of
 * the scanned `bytes[from, to)` is kept. Costs a copy of the values; where these are inside each other and more than the
 * scanned bytes, one of those. The kernel of `src/kernel/json.kernel.ts` does the same.
 */
export function keptBytes(
  fields: readonly JsonPlaces[],
  bytes: Uint8Array,
  from: number,
  to: number,
): Uint8Array {
  let size = 0;
  for (const { starts, ends } of fields) {
    for (let row = 0; row < starts.length; row++) {
      if (starts[row]! >= 0) size += ends[row]! - starts[row]!;
    }
  }
  if (size > to - from) {
    movePlaces(fields, from);
    return bytes.slice(from, to);
  }
  const kept = new Uint8Array(size);
  let at = 0;
  for (const { starts, ends } of fields) {
    for (let row = 0; row < starts.length; row++) {
      const start = starts[row]!;
      if (start < 0) continue;
      const end = ends[row]!;
      starts[row] = at;
      if (end - start > SHORT) {
        kept.set(bytes.subarray(start, end), at);
        at += end - start;
      } else for (let index = start; index < end; index++) kept[at++] = bytes[index]!;
      ends[row] = at;
    }
  }
  return kept;
}

/** Makes offsets that count from `from` of those that counted from the bytes' first. */
export function movePlaces(fields: readonly JsonPlaces[], from: number): void {
  for (const { starts, ends } of fields) {
    for (let row = 0; row < starts.length; row++) {
      if (starts[row]! < 0) continue;
      starts[row]! -= from;
      ends[row]! -= from;
    }
  }
}
