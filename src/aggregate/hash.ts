/**
 * The one hash of the engine's tables: HalfSipHash-1-3 (Aumasson and Bernstein, SipHash, 2012; its 32-bit form as the
 * Linux kernel uses it for hash tables). With a random secret in each table, nobody can prepare an upload whose keys
 * all collide; and it costs no more than an unprotected mixing hash at the lengths of keys, about 20 ns for 20 bytes.
 * @module
 */

/** The 64-bit secret of a hash, as two 32-bit integers. */
export type HashSecret = readonly [low: number, high: number];

/** Random numbers not given out yet, from `unused` on: to draw many at once costs what two do. */
const drawn = new Int32Array(256);
let unused = drawn.length;

/** A secret that no client can know, and no other table has; for tables that never leave the process. */
export function randomSecret(): HashSecret {
  if (unused === drawn.length) {
    crypto.getRandomValues(drawn);
    unused = 0;
  }
  return [drawn[unused++]!, drawn[unused++]!];
}

/** The 32-bit hash, signed, of the bytes `[start, end)` of `view` under the secret `(low, high)`. Allocates nothing. */
export function halfSipHash(
  view: DataView,
  start: number,
  end: number,
  low: number,
  high: number,
): number {
  let v0 = low;
  let v1 = high;
  let v2 = low ^ 0x6c796765;
  let v3 = high ^ 0x74656462;
  const whole = end - ((end - start) & 3);
  for (let at = start; at < whole; at += 4) {
    const word = view.getInt32(at, true);
    v3 ^= word;
    v0 = (v0 + v1) | 0, v1 = (v1 << 5 | v1 >>> 27) ^ v0, v0 = v0 << 16 | v0 >>> 16;
    v2 = (v2 + v3) | 0, v3 = (v3 << 8 | v3 >>> 24) ^ v2;
    v0 = (v0 + v3) | 0, v3 = (v3 << 7 | v3 >>> 25) ^ v0;
    v2 = (v2 + v1) | 0, v1 = (v1 << 13 | v1 >>> 19) ^ v2, v2 = v2 << 16 | v2 >>> 16;
    v0 ^= word;
  }
  let word = lastWord(view, whole, end - start);
  v3 ^= word;
  for (let round = 0; round < 4; round++) {
    v0 = (v0 + v1) | 0, v1 = (v1 << 5 | v1 >>> 27) ^ v0, v0 = v0 << 16 | v0 >>> 16;
    v2 = (v2 + v3) | 0, v3 = (v3 << 8 | v3 >>> 24) ^ v2;
    v0 = (v0 + v3) | 0, v3 = (v3 << 7 | v3 >>> 25) ^ v0;
    v2 = (v2 + v1) | 0, v1 = (v1 << 13 | v1 >>> 19) ^ v2, v2 = v2 << 16 | v2 >>> 16;
    v0 ^= word;
    word = 0;
    if (round === 0) v2 ^= 0xff;
  }
  return v1 ^ v3;
}

/** The bytes after the last whole word, under the length's low byte. */
function lastWord(view: DataView, at: number, length: number): number {
  let word = length << 24;
  const rest = length & 3;
  if (rest > 0) word |= view.getUint8(at);
  if (rest > 1) word |= view.getUint8(at + 1) << 8;
  if (rest > 2) word |= view.getUint8(at + 2) << 16;
  return word;
}
