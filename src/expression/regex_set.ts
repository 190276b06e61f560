/**
 * Sets of code points, as patterns use them: sorted ranges that neither touch nor overlap.
 * @module
 */

/** Inclusive ranges of code points, in order, with a gap between each two. */
export type CharacterSet = readonly (readonly [first: number, last: number])[];

const LAST = 0x10ffff;
const SURROGATES = [0xd800, 0xdfff] as const;
/** What RE2's and Unicode's simple case folding adds to ASCII letters: the Kelvin sign and the long s. */
const FOLDED_BEYOND_ASCII: ReadonlyMap<string, number> = new Map([["k", 0x212a], ["s", 0x17f]]);

/** The ranges, in any order and overlapping or not, as a set. */
export function union(ranges: CharacterSet): CharacterSet {
  const merged: [number, number][] = [];
  for (const [first, last] of ranges.toSorted((left, right) => left[0] - right[0])) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** The characters of `text`. */
export function codePoints(text: string): CharacterSet {
  return union(
    Array.from(text, (character) => [character.codePointAt(0)!, character.codePointAt(0)!]),
  );
}

/** All code points that are not in `set`. */
export function negate(set: CharacterSet): CharacterSet {
  const rest: [number, number][] = [];
  let from = 0;
  for (const [first, last] of set) {
    if (first > from) rest.push([from, first - 1]);
    from = last + 1;
  }
  if (from <= LAST) rest.push([from, LAST]);
  return rest;
}

/** True when no code point is in both. */
export function areDisjoint(left: CharacterSet, right: CharacterSet): boolean {
  return !left.some(([first, last]) =>
    right.some((other) => other[0] <= last && first <= other[1])
  );
}

/** The set with the other case of each of its letters, or null when it goes beyond ASCII. */
export function foldAscii(set: CharacterSet): CharacterSet | null {
  if (set.some(([, last]) => last > 0x7f)) return null;
  const folded: [number, number][] = set.map(([first, last]) => [first, last]);
  for (const letter of "abcdefghijklmnopqrstuvwxyz") {
    const letters = codePoints(letter + letter.toUpperCase());
    if (areDisjoint(set, letters)) continue;
    folded.push(...letters.map(([first, last]): [number, number] => [first, last]));
    const beyond = FOLDED_BEYOND_ASCII.get(letter);
    if (beyond !== undefined) folded.push([beyond, beyond]);
  }
  return union(folded);
}

const DIGIT = codePoints("0123456789");
const SPACE = codePoints("\t\n\f\r ");
const WORD = union([...DIGIT, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]]);

/** The sets of `\d`, `\s`, `\w` and their opposites as RE2 has them: ASCII, and no vertical tab among the spaces. */
export const NAMED_SETS: ReadonlyMap<string, CharacterSet> = new Map([
  ["d", DIGIT],
  ["D", negate(DIGIT)],
  ["s", SPACE],
  ["S", negate(SPACE)],
  ["w", WORD],
  ["W", negate(WORD)],
]);

/** True when a UTF-16 unit of its own tells whether it is in the set: nothing beyond the BMP, no surrogates. */
export function isOneUnit(set: CharacterSet): boolean {
  return set.every(([, last]) => last <= 0xffff) && areDisjoint(set, [SURROGATES]);
}

/** The set as the source of a class for the built-in RegExp; one beyond {@link isOneUnit} needs the flag `u`. */
export function classSource(set: CharacterSet): string {
  const ranges = set.map(([first, last]) =>
    first === last ? pointSource(first) : `${pointSource(first)}-${pointSource(last)}`
  );
  return `[${ranges.join("")}]`;
}

function pointSource(point: number): string {
  const text = String.fromCodePoint(point);
  if (/^[A-Za-z0-9]$/.test(text)) return text;
  const hex = point.toString(16);
  return point > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`;
}
