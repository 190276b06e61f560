/**
 * NDJSON in: one JSON object a line.
 * @module
 */
import { Batch } from "./batch.ts";
import { isObject } from "./objects.ts";
import type { Row, Value } from "./column.ts";
import { findJsonFault, nestsDeeper } from "./json_fault.ts";
import { type LineFault, type LineFormat, splitLines } from "./line_format.ts";
import { decodeText } from "./text.ts";

/** How deep arrays and objects may nest; what is deeper could be parsed, but not printed on every runtime. */
export const MAX_JSON_DEPTH = 1000;
/** Objects take about this many times the bytes of their text. */
const OBJECT_FACTOR = 3;

/** The line format of `json`: each line's object is a row with keys of its own. Costs a JavaScript object a row. */
export const JSON_LINES: LineFormat = {
  parse(bytes, start, end) {
    const split = splitLines(bytes, start, end);
    const text = decodeText(bytes, start, split.next);
    // Nothing in UTF-8 decodes to more units than it has bytes, so equal lengths mean equal offsets.
    const sameOffsets = text.length === split.next - start;
    const rows: Row[] = [];
    const faults: LineFault[] = [];
    for (let index = 0; index < split.count; index++) {
      const from = split.starts[index]!;
      const to = split.ends[index]!;
      const line = sameOffsets ? text.slice(from - start, to - start) : decodeText(bytes, from, to);
      const row = parseObject(line);
      if (typeof row !== "string") rows.push(row);
      else faults.push({ line: split.numbers[index]!, start: from, end: to, reason: row });
    }
    const weight = (split.next - start) * OBJECT_FACTOR;
    return {
      batch: rows.length === 0 ? null : Batch.ofRows(rows, weight),
      lines: split.lines,
      empty: split.empty,
      faults,
      next: split.next,
    };
  },
};

/** The object that `line` is, or why it is none. */
function parseObject(line: string): Row | string {
  // Each level takes two characters, so that most lines need no look.
  if (line.length > 2 * MAX_JSON_DEPTH && nestsDeeper(line, MAX_JSON_DEPTH)) {
    return `Expected at most ${MAX_JSON_DEPTH} nested levels, found more`;
  }
  let value: Value;
  try {
    value = JSON.parse(line) as Value;
  } catch {
    return invalid(line);
  }
  return isObject(value) ? value : `Expected a JSON object, found ${described(value)}`;
}

function described(value: Value): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return `a ${typeof value}`;
}

function invalid(line: string): string {
  const fault = findJsonFault(line);
  if (fault === null) return "Expected a JSON object, found a line that this runtime cannot parse";
  const found = fault.at < line.length
    ? `"${String.fromCodePoint(line.codePointAt(fault.at)!)}"`
    : "the end of the line";
  return `Expected ${fault.expected} at column ${fault.at + 1}, found ${found}`;
}
