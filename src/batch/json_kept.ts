/**
 * The bytes of the values that a scan has found, without those between them.
 * @module
 */
import type { JsonBlock } from "./json_tape.ts";

/** Up to so many bytes are copied one by one, which costs less than a view of them. */
const SHORT = 64;

/**
 * The bytes of all values of `block` that have places, one behind the other, to which these places are moved. Nothing of
 * the scanned `bytes`, of which the block began at `from`, is kept. Costs a copy of the values; where these are inside
 * each other and more than the block, one of that.
 */
export function keptBytes(block: JsonBlock, bytes: Uint8Array, from: number): Uint8Array {
  let size = 0;
  for (const { starts, ends } of block.fields) {
    for (let row = 0; row < starts.length; row++) {
      if (starts[row]! >= 0) size += ends[row]! - starts[row]!;
    }
  }
  if (size > block.next - from) return wholeBlock(block, bytes, from);
  const kept = new Uint8Array(size);
  let at = 0;
  for (const { starts, ends } of block.fields) {
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

function wholeBlock(block: JsonBlock, bytes: Uint8Array, from: number): Uint8Array {
  for (const { starts, ends } of block.fields) {
    for (let row = 0; row < starts.length; row++) {
      if (starts[row]! < 0) continue;
      starts[row]! -= from;
      ends[row]! -= from;
    }
  }
  return bytes.slice(from, block.next);
}
