/**
 * NDJSON in: one JSON object a line.
 * @module
 */
import { jsonScanner } from "../kernel/json_kernel.ts";
import { Batch } from "./batch.ts";
import type { Demand } from "../language/demand.ts";
import { isObject } from "./objects.ts";
import type { Row, Value } from "./column.ts";
import { JsonColumns } from "./json_columns.ts";
import { findJsonFault, MAX_JSON_DEPTH, nestsDeeper } from "./json_fault.ts";
import { type JsonTree, jsonTree } from "./json_paths.ts";
import { type LineBlock, type LineFault, type LineFormat, splitLines } from "./line_format.ts";
import { decodeText } from "./text.ts";

/** Objects take about this many times the bytes of their text. */
const OBJECT_FACTOR = 3;
/** What a value on the tape takes at the most. */
const PLACE_BYTES = 17;

/**
 * The line format of `json`. Where only some fields are asked for, no object is made: their values are found in the
 * bytes, and a line is parsed only when the scan does not take it. Which lines are rows, why others are not, and every
 * value are the same as when all is asked for.
 */
export function jsonLines(demand: Demand): LineFormat {
  const tree = demand === "all" ? null : jsonTree(pathsOf(demand));
  return tree === null ? WHOLE_LINES : scannedLines(tree);
}

/** Each line's object is a row with keys of its own. Costs a JavaScript object a row. */
const WHOLE_LINES: LineFormat = {
  copies: true,
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

/** The different paths that are asked for. */
function pathsOf(demand: ReadonlyMap<string, readonly string[]>): (readonly string[])[] {
  const paths = new Map(Array.from(demand.values(), (path) => [JSON.stringify(path), path]));
  return [...paths.values()];
}

function scannedLines(tree: JsonTree): LineFormat {
  const scanner = jsonScanner();
  const scan = scanner(tree);
  const fields = tree.paths.map((path) => path.join("."));
  return {
    copies: true,
    ...(scanner.room === undefined ? {} : { room: scanner.room }),
    parse(bytes, start, end): LineBlock {
      const parsed = new Map<number, Row>();
      const faults: LineFault[] = [];
      let parsedBytes = 0;
      const block = scan(bytes, start, end, (from, to, line, row) => {
        const object = parseObject(decodeText(bytes, from, to));
        if (typeof object === "string") {
          faults.push({ line, start: from, end: to, reason: object });
          return false;
        }
        parsed.set(row, object);
        parsedBytes += to - from;
        return true;
      });
      const columns = new JsonColumns(tree.paths, block, parsed);
      return {
        batch: block.rows === 0 ? null : columnBatch(columns, fields, parsedBytes * OBJECT_FACTOR),
        lines: block.lines,
        empty: block.empty,
        faults,
        next: block.next,
      };
    },
  };
}

function columnBatch(columns: JsonColumns, fields: readonly string[], objects: number): Batch {
  const { block, paths } = columns;
  return Batch.lazy(
    block.rows,
    fields,
    (name) => columns.make(fields.indexOf(name), null),
    block.bytes.length + block.rows * fields.length * PLACE_BYTES + objects,
    columns.takesFew ? (few) => (name) => columns.make(fields.indexOf(name), few) : null,
    fields.filter((_, field) => paths[field]!.length > 1),
  );
}

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
