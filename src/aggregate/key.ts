/**
 * Keys as bytes: what makes two values the same group. A key is a tag for the type and a payload: text as its bytes,
 * numbers and times as 8 bytes, arrays and objects as their JSON text. So the text "5" and the number 5 differ, a text
 * column and a value column with the same string do not, null equals null, and -0 equals 0.
 * @module
 */
import type { Column, Value } from "../batch/column.ts";
import { toJson } from "../expression/values.ts";

/** The type tags of keys. */
export const TAG = {
  null: 0,
  false: 1,
  true: 2,
  number: 3,
  time: 4,
  text: 5,
  json: 6,
} as const;

const SHORT = 32;
const encoder = new TextEncoder();

/**
 * Writes keys into a buffer of its own that is used again for each: `start()`, then one `cell` or `value`, then
 * read `bytes[0, length)`. The buffer grows to the longest key and is declared through `take`.
 */
export class KeyEncoder {
  bytes = new Uint8Array(256);
  view = new DataView(this.bytes.buffer);
  length = 0;
  readonly #take: (bytes: number) => void;

  constructor(take: (bytes: number) => void) {
    this.#take = take;
  }

  /** Forgets the last key. */
  start(): void {
    this.length = 0;
  }

  /** Writes a cell's payload; gives its tag. */
  cell(column: Column, row: number): number {
    switch (column.kind) {
      case "text": {
        const start = column.starts[row]!;
        if (start < 0) return TAG.null;
        this.#copy(column.bytes, start, column.ends[row]!);
        return TAG.text;
      }
      case "number":
        return this.#number(column.values[row]!, TAG.number);
      case "time":
        return this.#number(column.values[row]!, TAG.time);
      case "boolean":
        return column.values[row] === 1 ? TAG.true : TAG.false;
      default:
        return this.value(column.value(row));
    }
  }

  /** As {@link KeyEncoder.cell}, for a value that is in no column. */
  value(value: Value): number {
    switch (typeof value) {
      case "string":
        this.#string(value);
        return TAG.text;
      case "number":
        return this.#number(value, TAG.number);
      case "boolean":
        return value ? TAG.true : TAG.false;
      default:
        if (value === null) return TAG.null;
        if (value instanceof Date) return this.#number(value.getTime(), TAG.time);
        return this.#json(toJson(value));
    }
  }

  /** A value nested too deeply to be written has no key of its own: it goes with null. */
  #json(text: string | null): number {
    if (text === null) return TAG.null;
    this.#string(text);
    return TAG.json;
  }

  #number(value: number, tag: number): number {
    if (value !== value) return TAG.null;
    this.#reserve(8);
    this.view.setFloat64(this.length, value + 0, true);
    this.length += 8;
    return tag;
  }

  #copy(from: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    copyBytes(from, start, end, this.bytes, this.length);
    this.length += end - start;
  }

  #string(text: string): void {
    this.#reserve(text.length * 3);
    const at = this.length;
    let size = 0;
    if (text.length <= SHORT) {
      for (; size < text.length; size++) {
        const unit = text.charCodeAt(size);
        if (unit >= 0x80) break;
        this.bytes[at + size] = unit;
      }
    }
    if (size < text.length) size = encoder.encodeInto(text, this.bytes.subarray(at)).written;
    this.length += size;
  }

  #reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const bytes = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    this.#take(bytes.length - this.bytes.length);
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}

/** Copies `from[start, end)` to `to[at, ...)`; short runs without the cost of a call into the runtime. */
export function copyBytes(
  from: Uint8Array,
  start: number,
  end: number,
  to: Uint8Array,
  at: number,
): void {
  if (end - start > SHORT) to.set(from.subarray(start, end), at);
  else for (let index = start; index < end; index++) to[at++] = from[index]!;
}

/** Whether `left[leftStart, ...)` and `right[rightStart, ...)` agree in `length` bytes. */
export function equalBytes(
  left: DataView,
  leftStart: number,
  right: DataView,
  rightStart: number,
  length: number,
): boolean {
  const whole = length & ~3;
  for (let at = 0; at < whole; at += 4) {
    if (left.getInt32(leftStart + at, true) !== right.getInt32(rightStart + at, true)) return false;
  }
  for (let at = whole; at < length; at++) {
    if (left.getUint8(leftStart + at) !== right.getUint8(rightStart + at)) return false;
  }
  return true;
}

/** A view of `bytes`, which may stand anywhere in their memory. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
