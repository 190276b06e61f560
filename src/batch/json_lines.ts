/**
 * NDJSON in: one JSON object a line.
 * @module
 */
import { Batch, MAX_BATCH_ROWS } from "./batch.ts";
import type { Demand } from "../language/demand.ts";
import { isObject } from "./objects.ts";
import type { Row, Value } from "./column.ts";
import { JsonColumns } from "./json_columns.ts";
import { findJsonFault, MAX_JSON_DEPTH, nestsDeeper } from "./json_fault.ts";
import { JsonScanner } from "./json_scan.ts";
import { grownTape, JSON_KIND, type JsonTape, jsonTape } from "./json_tape.ts";
import {
  type LineBlock,
  type LineFault,
  lineFeed,
  type LineFormat,
  splitLines,
  trimmedEnd,
} from "./line_format.ts";
import { decodeText, encodeText } from "./text.ts";

/** Objects take about this many times the bytes of their text. */
const OBJECT_FACTOR = 3;
/** More keys than these are not scanned for: each costs 9 bytes a row, wanted or not. */
const MOST_KEYS = 64;
/** The rows that there is room for at first. */
const FIRST_ROOM = 256;

/**
 * The line format of `json`. Where only some fields are asked for, no object is made: their values are found in the
 * bytes, and a line is parsed only when the scan does not take it. Which lines are rows, why others are not, and every
 * value are the same as when all is asked for.
 */
export function jsonLines(demand: Demand): LineFormat {
  const keys = topKeys(demand);
  return keys === null ? WHOLE_LINES : scannedLines(keys);
}

/** Each line's object is a row with keys of its own. Costs a JavaScript object a row. */
const WHOLE_LINES: LineFormat = {
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

/** The top-level keys of what is asked for; null where looking for their bytes would not find just them. */
function topKeys(demand: Demand): readonly string[] | null {
  if (demand === "all") return null;
  const keys = [...new Set(Array.from(demand.values(), (path) => path[0]!))];
  // A key with a dot is told from a path by whole rows alone, and U+FFFD may stand for other bytes.
  const plain = keys.every((key) => key.isWellFormed() && !/[.\ufffd]/.test(key));
  return plain && keys.length <= MOST_KEYS ? keys : null;
}

function scannedLines(keys: readonly string[]): LineFormat {
  const scanner = new JsonScanner(keys.map(encodeText));
  let room = FIRST_ROOM;
  return {
    parse(bytes, start, end): LineBlock {
      // Lines are as long as those before them, most times.
      let tape = jsonTape(keys.length, room);
      const parsed = new Map<number, Row>();
      const faults: LineFault[] = [];
      let at = start;
      let rows = 0;
      let lines = 0;
      let empty = 0;
      for (; at < end && lines - empty < MAX_BATCH_ROWS; lines++) {
        if (rows === tape.room) tape = grownTape(tape);
        let newline = scanner.scan(bytes, at, end, tape, rows);
        if (newline >= 0) rows++;
        else {
          newline = lineFeed(bytes, at, end);
          const to = trimmedEnd(bytes, at, newline);
          const row = to === at ? null : parseObject(decodeText(bytes, at, to));
          markRow(tape, rows, isObject(row) ? JSON_KIND.parsed : JSON_KIND.none);
          if (row === null) empty++;
          else if (typeof row !== "string") parsed.set(rows++, row);
          else faults.push({ line: lines, start: at, end: to, reason: row });
        }
        at = newline + 1;
      }
      room = Math.max(FIRST_ROOM, Math.min(MAX_BATCH_ROWS, rows + (rows >> 3)));
      const next = Math.min(at, end);
      const columns = new JsonColumns(bytes, keys, tape, rows, parsed);
      return {
        batch: rows === 0 ? null : columnBatch(columns, next - start),
        lines,
        empty,
        faults,
        next,
      };
    },
  };
}

function columnBatch(columns: JsonColumns, length: number): Batch {
  const { rows, keys, tape } = columns;
  return Batch.lazy(
    rows,
    keys,
    (name) => columns.make(name, null),
    length + tape.kinds.length * 9,
    (few) => (name) => columns.make(name, few),
  );
}

/** Undoes what a scan that stopped has written. */
function markRow({ starts, kinds, room }: JsonTape, row: number, kind: number): void {
  for (let place = row; place < starts.length; place += room) {
    starts[place] = -1;
    kinds[place] = kind;
  }
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
