/**
 * Lines of named values: logfmt and LTSV.
 * @module
 */
import type { Demand } from "../language/demand.ts";
import { pairScanner } from "../kernel/pairs_kernel.ts";
import { Batch } from "./batch.ts";
import type { Row, Value } from "./column.ts";
import { type LineFault, type LineFormat, shownValue, splitLines } from "./line_format.ts";
import { define } from "./objects.ts";
import { pairBatch } from "./pair_columns.ts";
import type { PairSyntax } from "./pair_scan.ts";
import { decodeText, encodeText } from "./text.ts";

/** Objects take about this many times the bytes of their text. */
const OBJECT_FACTOR = 3;
const SPACE = 32;
const QUOTE = 34;
const EQUALS = 61;
const BACKSLASH = 92;

/** More keys than these are not scanned for. */
const MOST_KEYS = 64;
/** Keys that the scan can look for: a dot tells a path from a key in whole rows alone. */
const PLAIN_KEY = /^[!#-<>-~]{1,64}$/;

/**
 * The line format of `logfmt` or `ltsv`. Where only some fields are asked for, their values are found in the bytes and no
 * object is made, but of lines that the scan leaves. Which lines are rows, why others are not, and every value are the same
 * as when all is asked for.
 */
export function pairLines(syntax: PairSyntax, demand: Demand): LineFormat {
  const keys = plainKeys(demand);
  const read = syntax === "logfmt" ? logfmtRow : ltsvRow;
  return keys === null ? wholeLines(read) : scannedLines(syntax, read, keys);
}

/** The keys of what is asked for; null where looking for their bytes would not find just them. */
function plainKeys(demand: Demand): readonly string[] | null {
  if (demand === "all") return null;
  const keys = [...new Set(Array.from(demand.values(), (path) => path[0]!))];
  const plain = keys.every((key) => PLAIN_KEY.test(key) && !key.includes("."));
  return plain && keys.length <= MOST_KEYS ? keys : null;
}

type ReadRow = (line: string) => Row | string;

/** Each line is an object. Costs a JavaScript object a row. */
function wholeLines(read: ReadRow): LineFormat {
  return {
    parse(bytes, start, end) {
      const { count, starts, ends, numbers, lines, empty, next } = splitLines(bytes, start, end);
      const rows: Row[] = [];
      const faults: LineFault[] = [];
      for (let index = 0; index < count; index++) {
        const [from, to] = [starts[index]!, ends[index]!];
        const row = read(decodeText(bytes, from, to));
        if (typeof row !== "string") rows.push(row);
        else faults.push({ line: numbers[index]!, start: from, end: to, reason: row });
      }
      const weight = (next - start) * OBJECT_FACTOR;
      const batch = rows.length === 0 ? null : Batch.ofRows(rows, weight);
      return { batch, lines, empty, faults, next };
    },
  };
}

function scannedLines(syntax: PairSyntax, read: ReadRow, keys: readonly string[]): LineFormat {
  const scan = pairScanner(syntax, keys.map(encodeText));
  return {
    parse(bytes, start, end) {
      const whole = new Map<number, Row>();
      const faults: LineFault[] = [];
      const found = scan(bytes, start, end, (row, line, from, to) => {
        const parsed = read(decodeText(bytes, from, to));
        if (typeof parsed !== "string") whole.set(row, parsed);
        else faults.push({ line, start: from, end: to, reason: parsed });
        return typeof parsed !== "string";
      });
      const { rows, lines, empty, next } = found;
      const batch = rows === 0 ? null : pairBatch(bytes, found, keys, whole, next - start);
      return { batch, lines, empty, faults, next };
    },
  };
}

function logfmtRow(line: string): Row | string {
  const row: Record<string, Value> = {};
  let at = 0;
  let keys = 0;
  while (true) {
    while (at < line.length && line.charCodeAt(at) <= SPACE) at++;
    if (at === line.length) return keys > 0 ? row : "Expected a key, found the end of the line";
    const keyEnd = wordEnd(line, at);
    if (keyEnd === at || line.charCodeAt(keyEnd) === QUOTE) return expected("a key", line, keyEnd);
    const key = line.slice(at, keyEnd);
    if (key.includes("\ufffd")) return expected("a key of UTF-8", line, at);
    keys++;
    at = keyEnd;
    if (line.charCodeAt(at) !== EQUALS) {
      define(row, key, true);
      continue;
    }
    at++;
    if (line.charCodeAt(at) === QUOTE) {
      const end = quotedEnd(line, at);
      if (end < 0) return expected("a closing quote", line, line.length);
      const text = quotedText(line.slice(at, end));
      if (text === null) return expected("a quoted value with JSON's escapes", line, at);
      define(row, key, text);
      at = end;
    } else {
      const end = wordEnd(line, at);
      if (end < line.length && line.charCodeAt(end) > SPACE) {
        return expected("a space after the value", line, end);
      }
      define(row, key, end === at ? null : line.slice(at, end));
      at = end;
    }
  }
}

/** The next character at or after `at` that no word holds. */
function wordEnd(line: string, at: number): number {
  let end = at;
  for (; end < line.length; end++) {
    const code = line.charCodeAt(end);
    if (code <= SPACE || code === EQUALS || code === QUOTE) break;
  }
  return end;
}

/** Behind the quote that closes the one at `at`, or -1. */
function quotedEnd(line: string, at: number): number {
  for (let end = at + 1; end < line.length; end++) {
    const code = line.charCodeAt(end);
    if (code === BACKSLASH) end++;
    else if (code === QUOTE) return end + 1;
  }
  return -1;
}

function quotedText(quoted: string): string | null {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted.replaceAll("\t", "\\t")) as string;
  } catch {
    return null;
  }
}

function ltsvRow(line: string): Row | string {
  const row: Record<string, Value> = {};
  let at = 0;
  while (at <= line.length) {
    const tab = line.indexOf("\t", at);
    const end = tab < 0 ? line.length : tab;
    const colon = line.indexOf(":", at);
    if (end > at) {
      if (colon <= at || colon > end) return expected("a label and a colon", line, at);
      define(row, line.slice(at, colon), colon + 1 === end ? null : line.slice(colon + 1, end));
    }
    at = end + 1;
  }
  return row;
}

function expected(what: string, line: string, at: number): string {
  const rest = encodeText(line.slice(at, at + 200));
  return `Expected ${what} at column ${at + 1}, found ${shownValue(rest, 0, rest.length)}`;
}
