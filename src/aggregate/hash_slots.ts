/**
 * The slots of an open-addressed table: pairs of hash and group number + 1, which is 0 in a free slot.
 * @module
 */

/** Twice as many slots with the same groups, by linear probing; `slots.length / 2` must be a power of two. */
export function doubledSlots(slots: Int32Array): Int32Array<ArrayBuffer> {
  const more = new Int32Array(2 * slots.length);
  const mask = slots.length - 1;
  for (let at = 0; at < slots.length; at += 2) {
    if (slots[at + 1] === 0) continue;
    let slot = slots[at]! & mask;
    while (more[2 * slot + 1] !== 0) slot = (slot + 1) & mask;
    more[2 * slot] = slots[at]!;
    more[2 * slot + 1] = slots[at + 1]!;
  }
  return more;
}
