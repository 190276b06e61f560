/**
 * Lines of four words: METHOD PATH STATUS LATENCY.
 * @module
 */
import type { FieldType } from "../schema.ts";
import { pathEnd } from "./access_request.ts";
import { Batch } from "./batch.ts";
import { type Column, NULL_COLUMN, NumberColumn, TextColumn } from "./column.ts";
import { type LineFault, type LineFormat, shownValue, splitLines } from "./line_format.ts";
import { parseDecimal, parseDigits } from "./numbers.ts";

/** The fields of a simple line, in output order; latency in milliseconds. */
export const SIMPLE_FIELDS: Readonly<Record<string, FieldType>> = {
  method: "text",
  path: "text",
  query: "text",
  status: "number",
  latency: "number",
};

const NAMES = Object.keys(SIMPLE_FIELDS);
const SPACE = 32;
const LETTER_S = 115;
/** The sign for a millionth as UTF-8, as Go prints durations. */
const MICRO = [0xc2, 0xb5];
/** Before the `s` of a unit: how many of it are a millisecond. */
const UNITS: ReadonlyMap<number | undefined, number> = new Map([
  ["n".charCodeAt(0), 1e6],
  ["u".charCodeAt(0), 1e3],
  ["m".charCodeAt(0), 1],
]);

/** The rows of a block, in line order. 28 bytes a row. */
class SimpleRows {
  count = 0;
  readonly starts: Int32Array;
  readonly methodEnds: Int32Array;
  readonly targetEnds: Int32Array;
  readonly status: Float64Array;
  readonly latency: Float64Array;

  constructor(readonly bytes: Uint8Array, most: number) {
    this.starts = new Int32Array(most);
    this.methodEnds = new Int32Array(most);
    this.targetEnds = new Int32Array(most);
    this.status = new Float64Array(most);
    this.latency = new Float64Array(most);
  }

  /** Adds the row that the line is; else gives the reason why it is none. */
  add(start: number, end: number): string | null {
    const { bytes, count } = this;
    const methodEnd = wordEnd(bytes, start, end);
    const targetEnd = wordEnd(bytes, methodEnd + 1, end);
    const statusEnd = wordEnd(bytes, targetEnd + 1, end);
    const latencyEnd = wordEnd(bytes, statusEnd + 1, end);
    const found = (from: number, to: number) => shownValue(bytes, from, Math.min(to, end));
    if (methodEnd === start) return `Expected a method, found ${found(start, end)}`;
    if (targetEnd <= methodEnd + 1) return `Expected a path, found ${found(methodEnd + 1, end)}`;
    const status = statusEnd - targetEnd === 4 ? parseDigits(bytes, targetEnd + 1, statusEnd) : NaN;
    if (Number.isNaN(status)) {
      return `Expected a status of three digits, found ${found(targetEnd + 1, statusEnd)}`;
    }
    const latency = parseLatency(bytes, statusEnd + 1, latencyEnd);
    if (!Number.isFinite(latency)) {
      return `Expected a latency such as 1502ms, found ${found(statusEnd + 1, latencyEnd)}`;
    }
    if (latencyEnd < end) {
      return `Expected the end of the line after the latency, found ${found(latencyEnd, end)}`;
    }
    this.starts[count] = start;
    this.methodEnds[count] = methodEnd;
    this.targetEnds[count] = targetEnd;
    this.status[count] = status;
    this.latency[count] = latency;
    this.count++;
    return null;
  }

  make(name: string): Column {
    if (name === "method") return new TextColumn(this.bytes, this.starts, this.methodEnds);
    if (name === "path") return this.#target(false);
    if (name === "query") return this.#target(true);
    if (name === "status") return new NumberColumn(this.status);
    return name === "latency" ? new NumberColumn(this.latency) : NULL_COLUMN;
  }

  #target(query: boolean): TextColumn {
    const starts = new Int32Array(this.count);
    const ends = new Int32Array(this.count);
    for (let row = 0; row < this.count; row++) {
      const start = this.methodEnds[row]! + 1;
      const end = this.targetEnds[row]!;
      const mark = pathEnd(this.bytes, start, end);
      starts[row] = query ? (mark === end ? -1 : mark + 1) : start;
      ends[row] = query ? end : mark;
    }
    return new TextColumn(this.bytes, starts, ends);
  }
}

/** The line format of `simple`. */
export const SIMPLE_LOG: LineFormat = {
  parse(bytes, start, end) {
    const { count, starts, ends, numbers, lines, empty, next } = splitLines(bytes, start, end);
    const rows = new SimpleRows(bytes, count);
    const faults: LineFault[] = [];
    for (let index = 0; index < count; index++) {
      const from = starts[index]!;
      const to = ends[index]!;
      const reason = rows.add(from, to);
      if (reason !== null) faults.push({ line: numbers[index]!, start: from, end: to, reason });
    }
    const weight = next - start + rows.count * 28;
    const batch = rows.count === 0
      ? null
      : Batch.lazy(rows.count, NAMES, (name) => rows.make(name), weight);
    return { batch, lines, empty, faults, next };
  },
};

/** The next space at or after `at`, or `end`. */
function wordEnd(bytes: Uint8Array, at: number, end: number): number {
  let stop = at;
  while (stop < end && bytes[stop] !== SPACE) stop++;
  return Math.min(stop, end);
}

/** The milliseconds that `bytes[start, end)` stand for; NaN when they are no decimal with a unit. */
function parseLatency(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 2 || bytes[end - 1] !== LETTER_S) return NaN;
  const micro = bytes[end - 2] === MICRO[1] && bytes[end - 3] === MICRO[0];
  if (micro && end - start > 3) return parseDecimal(bytes, start, end - 3) / 1e3;
  const divisor = UNITS.get(bytes[end - 2]);
  return divisor === undefined
    ? parseDecimal(bytes, start, end - 1, 1000)
    : parseDecimal(bytes, start, end - 2) / divisor;
}
