/**
 * Reads the bracket classes and character escapes of patterns that RE2 accepted.
 * @module
 */
import { type CharacterSet, foldAscii, NAMED_SETS, negate, union } from "./regex_set.ts";

const CONTROLS: ReadonlyMap<string, number> = new Map([
  ["a", 7],
  ["f", 12],
  ["n", 10],
  ["r", 13],
  ["t", 9],
  ["v", 11],
]);

/** The character that the escape after a backslash at `at` stands for, or null when it is of another kind. */
export function readEscape(
  source: string,
  at: number,
): { readonly codePoint: number; readonly end: number } | null {
  const letter = source[at] ?? "";
  const control = CONTROLS.get(letter);
  if (control !== undefined) return { codePoint: control, end: at + 1 };
  const hex = /^x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(source.slice(at, at + 9));
  if (hex !== null) {
    const codePoint = Number.parseInt(hex[1] ?? hex[2]!, 16);
    if (codePoint > 0x10ffff || isSurrogate(codePoint)) return null;
    return { codePoint, end: at + hex[0].length };
  }
  if (!/^[!-/:-@[-`{-~]$/.test(letter)) return null;
  return { codePoint: letter.charCodeAt(0), end: at + 1 };
}

/**
 * The set of the class whose opening bracket ends at `at`, with both cases of letters when `fold`; null for what is not
 * known to mean the same: POSIX and Unicode classes, an opening bracket inside, a hyphen that is neither first, last
 * nor between two characters.
 */
export function readClass(
  source: string,
  at: number,
  fold: boolean,
): { readonly set: CharacterSet; readonly end: number } | null {
  const negated = source[at] === "^";
  let next = negated ? at + 1 : at;
  const ranges: (readonly [number, number])[] = [];
  while (source[next] !== "]" || ranges.length === 0) {
    const item = readItem(source, next, fold, ranges.length === 0);
    if (item === null) return null;
    ranges.push(...item.set);
    next = item.end;
  }
  const set = fold ? foldAscii(union(withoutBeyond(ranges))) : union(ranges);
  if (set === null) return null;
  const whole = fold ? union([...set, ...ranges]) : set;
  const result = negated ? negate(whole) : whole;
  return result.length === 0 ? null : { set: result, end: next + 1 };
}

/** The ranges' ASCII part. */
function withoutBeyond(ranges: CharacterSet): CharacterSet {
  return ranges.filter(([first]) => first <= 0x7f).map((
    [first, last],
  ) => [first, Math.min(last, 0x7f)]);
}

type Item = { readonly set: CharacterSet; readonly end: number };

function readItem(source: string, at: number, fold: boolean, isFirst: boolean): Item | null {
  const named = source[at] === "\\" ? NAMED_SETS.get(source[at + 1] ?? "") : undefined;
  if (named !== undefined) {
    const isWord = source[at + 1]!.toLowerCase() === "w";
    return fold && isWord || source[at + 2] === "-" && source[at + 3] !== "]"
      ? null
      : { set: named, end: at + 2 };
  }
  if (source[at] === "-" && !isFirst && source[at + 1] !== "]") return null;
  const low = readCharacter(source, at);
  if (low === null) return null;
  if (source[low.end] !== "-" || source[low.end + 1] === "]") return point(low, low, fold);
  const high = readCharacter(source, low.end + 1);
  return high === null ? null : point(low, high, fold);
}

type Character = { readonly codePoint: number; readonly end: number };

function point(low: Character, high: Character, fold: boolean): Item | null {
  if (high.codePoint < low.codePoint || fold && high.codePoint > 0x7f) return null;
  return { set: [[low.codePoint, high.codePoint]], end: high.end };
}

function readCharacter(source: string, at: number): Character | null {
  if (source[at] === "\\") return readEscape(source, at + 1);
  const codePoint = source.codePointAt(at);
  if (codePoint === undefined || source[at] === "[" || source[at] === "]") return null;
  return { codePoint, end: at + (codePoint > 0xffff ? 2 : 1) };
}

function isSurrogate(point: number): boolean {
  return point >= 0xd800 && point <= 0xdfff;
}
