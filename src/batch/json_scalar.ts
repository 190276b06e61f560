/**
 * The ends of what is smallest in JSON: numbers, words and escapes, as RFC 8259 spells them.
 * @module
 */

const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const LETTER_A = 0x61;
const LETTER_E = 0x65;
const LETTER_F = 0x66;
const LETTER_U = 0x75;
/** What may stand behind a backslash, besides `u`. */
const ESCAPES = new Set([0x22, 0x2f, 0x5c, 0x62, 0x66, 0x6e, 0x72, 0x74]);
/** Makes a small letter of a capital one. */
const SMALL = 0x20;

/** The last byte of the escape whose letter is at `at`; -1 when there is none before `end`. */
export function escapeLast(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return -1;
  const letter = bytes[at]!;
  if (letter !== LETTER_U) return ESCAPES.has(letter) ? at : -1;
  if (at + 4 >= end) return -1;
  for (let digit = 1; digit <= 4; digit++) {
    const byte = bytes[at + digit]!;
    const small = byte | SMALL;
    if (!((byte >= ZERO && byte < COLON) || (small >= LETTER_A && small <= LETTER_F))) return -1;
  }
  return at + 4;
}

/** Behind `word` at `at`; -1 when something else is there. */
export function wordEnd(
  bytes: Uint8Array,
  at: number,
  end: number,
  word: readonly number[],
): number {
  if (at + word.length > end) return -1;
  for (let index = 0; index < word.length; index++) {
    if (bytes[at + index] !== word[index]) return -1;
  }
  return at + word.length;
}

/** Behind the number at `at`; -1 when there is none. */
export function numberEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at < end && bytes[at] === MINUS) at++;
  const whole = digitsEnd(bytes, at, end);
  if (whole === at || (bytes[at] === ZERO && whole > at + 1)) return -1;
  at = whole;
  if (at < end && bytes[at] === POINT) {
    const fraction = digitsEnd(bytes, at + 1, end);
    if (fraction === at + 1) return -1;
    at = fraction;
  }
  if (at < end && (bytes[at]! | SMALL) === LETTER_E) {
    at++;
    if (at < end && (bytes[at] === PLUS || bytes[at] === MINUS)) at++;
    const exponent = digitsEnd(bytes, at, end);
    return exponent === at ? -1 : exponent;
  }
  return at;
}

function digitsEnd(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && bytes[at]! >= ZERO && bytes[at]! < COLON) at++;
  return at;
}
