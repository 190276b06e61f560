/**
 * Tests on text columns against a literal, on bytes, without making strings.
 * @module
 */
import type { TextColumn } from "../batch/column.ts";
import { encodeText } from "../batch/text.ts";
import { listed, rowRoom } from "./rows.ts";

/** A test of a text against the UTF-8 bytes of a literal. A null text fails each of them. */
export interface TextTest {
  readonly operator: "==" | "!=" | "contains" | "starts_with" | "ends_with";
  readonly part: Uint8Array;
}

/**
 * The bytes that stand for `text` in a text column and for nothing else, so that comparing bytes gives what comparing
 * strings would, also in text that is not valid UTF-8. Null when there are none: U+FFFD, which a lone surrogate becomes
 * too, is how any broken byte reads.
 */
export function exactBytes(text: string): Uint8Array | null {
  return text.isWellFormed() && !text.includes("\ufffd") ? encodeText(text) : null;
}

/** Those of `rows` whose text passes, ascending. */
export function matchBytes(column: TextColumn, rows: Uint32Array, test: TextTest): Uint32Array {
  const { bytes, starts, ends } = column;
  const { operator, part } = test;
  const borders = operator === "contains" ? bordersOf(part) : NO_BORDERS;
  const kept = rowRoom(rows.length);
  let count = 0;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    const start = starts[row]!;
    if (start < 0) continue;
    const end = ends[row]!;
    const passed = operator === "contains"
      ? contains(bytes, start, end, part, borders)
      : passes(bytes, start, end, operator, part);
    if (passed) kept[count++] = row;
  }
  return listed(count);
}

/** Those of `rows` whose text is one of `options`, or with `excluded` those whose text is none, nulls in neither. */
export function matchAny(
  { bytes, starts, ends }: TextColumn,
  rows: Uint32Array,
  options: readonly Uint8Array[],
  excluded: boolean,
): Uint32Array {
  const kept = rowRoom(rows.length);
  let count = 0;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    const start = starts[row]!;
    if (start < 0) continue;
    const end = ends[row]!;
    let found = false;
    for (let at = 0; at < options.length && !found; at++) {
      found = passes(bytes, start, end, "==", options[at]!);
    }
    if (found !== excluded) kept[count++] = row;
  }
  return listed(count);
}

function passes(
  bytes: Uint8Array,
  start: number,
  end: number,
  operator: Exclude<TextTest["operator"], "contains">,
  part: Uint8Array,
): boolean {
  const length = end - start;
  switch (operator) {
    case "==":
      return length === part.length && startsAt(bytes, start, part);
    case "!=":
      return length !== part.length || !startsAt(bytes, start, part);
    case "starts_with":
      return length >= part.length && startsAt(bytes, start, part);
    case "ends_with":
      return length >= part.length && startsAt(bytes, end - part.length, part);
  }
}

function startsAt(bytes: Uint8Array, at: number, part: Uint8Array): boolean {
  for (let index = 0; index < part.length; index++) {
    if (bytes[at + index] !== part[index]) return false;
  }
  return true;
}

const NO_BORDERS = new Int32Array(0);

/** For each length of a beginning of `part`, less 1, how long the longest shorter beginning is that it ends with. */
function bordersOf(part: Uint8Array): Int32Array {
  const borders = new Int32Array(part.length);
  for (let at = 1, matched = 0; at < part.length; at++) {
    while (matched > 0 && part[at] !== part[matched]) matched = borders[matched - 1]!;
    if (part[at] === part[matched]) matched++;
    borders[at] = matched;
  }
  return borders;
}

/** The search of Knuth, Morris and Pratt (1977): at most 2 steps a byte, however the part repeats itself. */
function contains(
  bytes: Uint8Array,
  start: number,
  end: number,
  part: Uint8Array,
  borders: Int32Array,
): boolean {
  const { length } = part;
  if (length === 0) return true;
  const first = part[0]!;
  let matched = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (matched === 0) {
      if (byte !== first) continue;
    } else {
      while (matched > 0 && byte !== part[matched]) matched = borders[matched - 1]!;
      if (byte !== part[matched]) continue;
    }
    if (++matched === length) return true;
  }
  return false;
}
