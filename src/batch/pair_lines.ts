/**
 * Lines of named values: logfmt and LTSV. Each row has keys of its own.
 * @module
 */
import { Batch } from "./batch.ts";
import type { Row, Value } from "./column.ts";
import { type LineFault, type LineFormat, shownValue, splitLines } from "./line_format.ts";
import { define } from "./objects.ts";
import { decodeText, encodeText } from "./text.ts";

/** Objects take about this many times the bytes of their text. */
const OBJECT_FACTOR = 3;
const SPACE = 32;
const QUOTE = 34;
const EQUALS = 61;
const BACKSLASH = 92;

/** The line format of `logfmt`. Costs a JavaScript object a row. */
export const LOGFMT_LINES: LineFormat = pairLines(logfmtRow);

/** The line format of `ltsv`. Costs a JavaScript object a row. */
export const LTSV_LINES: LineFormat = pairLines(ltsvRow);

/** A format of lines that `read` makes an object of, or tells why not. */
function pairLines(read: (line: string) => Row | string): LineFormat {
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
