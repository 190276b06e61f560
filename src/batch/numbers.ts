/**
 * Numbers from bytes, without a string in between.
 * @module
 */
import { decodeText } from "./text.ts";

const ZERO = 48;
const NINE = 57;
const POINT = 46;
/** The most decimal digits that a double always holds exactly. */
const EXACT_DIGITS = 15;

/** Whether `byte` is an ASCII digit. */
export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

/**
 * The value of the ASCII digits `bytes[start, end)`; NaN when there are none, when anything else stands among them, and
 * past the largest double. Exact up to 15 digits; beyond 2^53 off by rounding.
 */
export function parseDigits(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return NaN;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return value === Infinity ? NaN : value;
}

/**
 * The nearest double of a plain decimal times `factor`, a power of ten: digits with at most one point between them
 * (`12`, `0.250`); NaN for anything else: signs, exponents, spaces, a point at either side.
 */
export function parseDecimal(bytes: Uint8Array, start: number, end: number, factor = 1): number {
  const point = pointIn(bytes, start, end);
  if (point < 0) return parseDigits(bytes, start, end) * factor;
  const whole = parseDigits(bytes, start, point);
  const fraction = parseDigits(bytes, point + 1, end);
  if (Number.isNaN(whole) || Number.isNaN(fraction)) return NaN;
  if (end - start - 1 > EXACT_DIGITS) return Number(decodeText(bytes, start, end)) * factor;
  // Both sides are exact, so this one division rounds correctly.
  const scale = 10 ** (end - point - 1);
  return scale >= factor
    ? (whole * scale + fraction) / (scale / factor)
    : (whole * scale + fraction) * (factor / scale);
}

function pointIn(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === POINT) return at;
  return -1;
}
