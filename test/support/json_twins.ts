/**
 * The JSON kernel and its twin at the same lines, and JSON.parse.
 */
import assert from "node:assert/strict";
import type { Row } from "../../src/batch/column.ts";
import { JsonColumns } from "../../src/batch/json_columns.ts";
import { type JsonTree, jsonTree } from "../../src/batch/json_paths.ts";
import { jsonScan } from "../../src/batch/json_scan.ts";
import type { JsonBlock, JsonScan } from "../../src/batch/json_tape.ts";
import { isObject } from "../../src/batch/objects.ts";
import { kernelJsonScan } from "../../src/kernel/json_kernel.ts";
import { utf8 } from "./format_run.ts";
import { valueAt } from "./json_lines.ts";

/** The kernel under test. */
export const kernel = kernelJsonScan()!;

/** Numbers of uploads of some 15 lines; JSON_FUZZ multiplies them. */
export const TIMES = Number(process.env["JSON_FUZZ"] ?? 1);

/** The tree of fields with these paths, whose segments are joined by dots. */
export function treeOf(...paths: string[]): JsonTree {
  return jsonTree(paths.map((path) => path.split(".")))!;
}

/** A line that a scan left. */
export interface Left {
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly row: number;
}

/** A block, with what was left and what was parsed of that. */
export interface Scanned {
  readonly block: JsonBlock;
  readonly left: readonly Left[];
  readonly parsed: ReadonlyMap<number, Row>;
}

/** Scans, and parses what is left. */
export function scanned(scan: JsonScan, bytes: Uint8Array, start: number, end: number): Scanned {
  const left: Left[] = [];
  const parsed = new Map<number, Row>();
  const block = scan(bytes, start, end, (from, to, line, row) => {
    left.push({ start: from, end: to, line, row });
    const object = parsedObject(bytes, from, to);
    if (object !== null) parsed.set(row, object);
    return object !== null;
  });
  return { block, left, parsed };
}

function parsedObject(bytes: Uint8Array, start: number, end: number): Row | null {
  try {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const value = JSON.parse(decoder.decode(bytes.subarray(start, end)));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Scans with both, block after block as the line framing does; gives what was found first. */
export function expectTwins(
  tree: JsonTree,
  bytes: Uint8Array,
  start = 0,
  end = bytes.length,
): Scanned {
  const found = scanned(kernel(tree), bytes, start, end);
  const twin = scanned(jsonScan(tree), bytes, start, end);
  const bare = { fields: [], bytes: null };
  assert.deepEqual({ ...found.block, ...bare }, { ...twin.block, ...bare });
  expectSame(found.block.bytes, twin.block.bytes);
  assert.deepEqual(found.left, twin.left);
  found.block.fields.forEach((places, field) => {
    const other = twin.block.fields[field]!;
    assert.equal(places.summary, other.summary);
    for (const name of ["starts", "ends", "kinds", "numbers"] as const) {
      expectSame(places[name], other[name]);
    }
  });
  if (found.block.next < end) expectTwins(tree, bytes, found.block.next, end);
  return found;
}

/** Compared by hand first, because a deep comparison of thousands of numbers is slow. */
function expectSame(found: ArrayLike<number>, wanted: ArrayLike<number>): void {
  let same = found.length === wanted.length;
  for (let at = 0; same && at < found.length; at++) same = Object.is(found[at], wanted[at]);
  if (!same) assert.deepEqual(found, wanted);
}

/** Checks the rows, and each value of them, against JSON.parse of each line. */
export function expectParsed(tree: JsonTree, bytes: Uint8Array, { block, parsed }: Scanned): void {
  const rows: Row[] = [];
  let empty = 0;
  let at = 0;
  for (let line = 0; line < block.lines; line++) {
    const newline = bytes.indexOf(10, at) < 0 ? bytes.length : bytes.indexOf(10, at);
    const row = parsedObject(bytes, at, newline);
    if (row !== null) rows.push(row);
    if (newline === at || (newline === at + 1 && bytes[at] === 13)) empty++;
    at = newline + 1;
  }
  assert.deepEqual([block.rows, block.empty, block.next], [
    rows.length,
    empty,
    Math.min(at, bytes.length),
  ]);
  const columns = new JsonColumns(tree.paths, block, parsed);
  tree.paths.forEach((path, field) => {
    const column = columns.make(field, null);
    rows.forEach((row, index) => {
      const value = column.value(index);
      const wanted = valueAt(row, path);
      if (!Object.is(value, wanted)) assert.deepEqual(value, wanted);
    });
  });
}

/** What both find in a text. */
export function scanText(text: string, ...paths: string[]): Scanned {
  return expectTwins(treeOf(...paths), utf8(text));
}
