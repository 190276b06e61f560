/**
 * Bytes in pieces, put together.
 * @module
 */

/** All `pieces` as one, newly allocated; `length` is that of all, where it is known. A single piece is given as it is. */
export function joined(
  pieces: readonly Uint8Array[],
  length: number = pieces.reduce((sum, piece) => sum + piece.byteLength, 0),
): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
