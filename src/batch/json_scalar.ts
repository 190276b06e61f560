/**
 * What is smallest in JSON: numbers, words and escapes, as RFC 8259 spells them, and the characters of UTF-8.
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
/** More digits are not counted, and no mantissa of so many overflows 64 bits. */
const EXACT_DIGITS = 18;
/** An exponent of more digits counts as {@link MOST_EXPONENT}: both are out of reach. */
const EXPONENT_DIGITS = 4;
const MOST_EXPONENT = 10_000;
/** The powers of ten that doubles hold exactly. */
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

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

/** Reads numbers; one object, because it answers with two of them. */
export class JsonNumber {
  /** The double that `JSON.parse` makes of the number last read; NaN when finding it takes more than is done here. */
  value: number = NaN;
  #mantissa = 0;
  #digits = 0;

  /** Behind the number at `at`; -1 when there is none. */
  read(bytes: Uint8Array, at: number, end: number): number {
    this.#mantissa = 0;
    this.#digits = 0;
    const minus = at < end && bytes[at] === MINUS;
    const start = minus ? at + 1 : at;
    at = this.#readDigits(bytes, start, end);
    if (at === start || (bytes[start] === ZERO && at > start + 1)) return -1;
    let exponent = 0;
    if (at < end && bytes[at] === POINT) {
      const point = at + 1;
      at = this.#readDigits(bytes, point, end);
      if (at === point) return -1;
      exponent = point - at;
    }
    if (at < end && (bytes[at]! | SMALL) === LETTER_E) {
      const negative = bytes[at + 1] === MINUS;
      const first = at + (negative || bytes[at + 1] === PLUS ? 2 : 1);
      at = digitsEnd(bytes, first, end);
      if (at === first) return -1;
      const size = at - first > EXPONENT_DIGITS ? MOST_EXPONENT : decimal(bytes, first, at);
      exponent += negative ? -size : size;
    }
    this.value = this.#double(minus, exponent);
    return at;
  }

  #readDigits(bytes: Uint8Array, at: number, end: number): number {
    const first = at;
    for (; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      // Once past the exact integers it stays there.
      this.#mantissa = this.#mantissa * 10 + digit;
    }
    this.#digits += at - first;
    return at;
  }

  /** Both operands are exact, so the result is the nearest double (Clinger 1990). */
  #double(negative: boolean, exponent: number): number {
    const mantissa = this.#mantissa;
    const exact = this.#digits <= EXACT_DIGITS && mantissa <= Number.MAX_SAFE_INTEGER &&
      Math.abs(exponent) < POWERS_OF_TEN.length && !(negative && mantissa === 0);
    if (!exact) return NaN;
    const value = exponent < 0
      ? mantissa / POWERS_OF_TEN[-exponent]!
      : mantissa * POWERS_OF_TEN[exponent]!;
    return negative ? -value : value;
  }
}

function digitsEnd(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && bytes[at]! >= ZERO && bytes[at]! < COLON) at++;
  return at;
}

function decimal(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + bytes[at]! - ZERO;
  return value;
}

/** Whether `bytes[start, end)` are UTF-8 as the Unicode Standard has it (table 3-7): no surrogates, no longer forms. */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const lead = bytes[at++]!;
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4) return false;
    const more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (at + more > end) return false;
    const second = bytes[at]!;
    const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (second < least || second > most) return false;
    for (let index = 1; index < more; index++) {
      if ((bytes[at + index]! & 0xc0) !== 0x80) return false;
    }
    at += more;
  }
  return true;
}
