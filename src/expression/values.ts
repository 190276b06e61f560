/**
 * Values as numbers, as text and as each other's equals: what every operator and function builds on.
 * @module
 */
import { isObject } from "../batch/objects.ts";
import type { Value } from "../batch/column.ts";

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Whether the value is missing. */
export function isNull(value: Value): boolean {
  return value === null;
}

/**
 * The number that a value is: a number itself, or text that spells a decimal number from end to end (sign, fraction,
 * exponent, spaces around it; no hexadecimal, no digit groups) within the range of doubles. NaN for anything else.
 */
export function toNumber(value: Value): number {
  if (typeof value === "number") return value;
  return typeof value === "string" ? parseNumber(value) : NaN;
}

/** {@link toNumber} of a text. */
export function parseNumber(text: string): number {
  if (text.length === 0) return NaN;
  const first = text.charCodeAt(0);
  // Almost all text that is no number starts with a letter: no need to look further.
  if (first > 0x39 && first < 0x80) return NaN;
  const trimmed = text.trim();
  if (!NUMBER.test(trimmed)) return NaN;
  const number = Number(trimmed);
  return Number.isFinite(number) ? number : NaN;
}

/** The number as a value: null for NaN and for what left the range of doubles. */
export function finiteOrNull(number: number): number | null {
  // Adding 0 turns -0, which no user means, into 0.
  return Number.isFinite(number) ? number + 0 : null;
}

/** The text of a value: itself, a number in decimal, an instant in ISO 8601, JSON of an array or object; null for null. */
export function toText(value: Value): string | null {
  if (typeof value === "string") return value;
  if (value === null) return null;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  return toJson(value);
}

/** The value as JSON text; null when it is nested too deeply to write. */
export function toJson(value: Value): string | null {
  try {
    return JSON.stringify(value);
  } catch {
    return null;
  }
}

/**
 * The order of two texts by code point, which is that of their UTF-8 bytes: below 0, 0 or above 0. The built-in `<` goes
 * by UTF-16 unit, which puts U+FFFD behind an emoji.
 */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const first = left.charCodeAt(at);
    const second = right.charCodeAt(at);
    if (first !== second) return rank(first) - rank(second);
  }
  return left.length - right.length;
}

/** Moves surrogates, which stand for code points past U+FFFF, behind all other units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** Whether two values have the same structure: instants by time, object keys in any order. Never overflows the stack. */
export function deepEqual(left: Value, right: Value): boolean {
  const pending: [Value, Value][] = [[left, right]];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const [first, second] = pair;
    if (first === second) continue;
    if (first instanceof Date && second instanceof Date) {
      if (first.getTime() !== second.getTime()) return false;
    } else if (Array.isArray(first) && Array.isArray(second)) {
      if (first.length !== second.length) return false;
      first.forEach((item, index) => pending.push([item, second[index]!]));
    } else if (isObject(first) && isObject(second)) {
      const keys = Object.keys(first);
      if (keys.length !== Object.keys(second).length) return false;
      for (const key of keys) {
        if (!Object.hasOwn(second, key)) return false;
        pending.push([first[key]!, second[key]!]);
      }
    } else return false;
  }
  return true;
}
