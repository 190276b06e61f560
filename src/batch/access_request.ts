/**
 * The parts of request lines: METHOD TARGET PROTOCOL, and the target's path and query.
 * @module
 */
import { REQUEST_END, STRIDE, TIME_END } from "./access_scan.ts";
import { TextColumn } from "./column.ts";
import { isDigit } from "./numbers.ts";
import { shortInt32s } from "./short_arrays.ts";

const SPACE = 32;
const SLASH = 47;
const QUESTION = 63;
const NOT_SPLIT = -1;
/** The length of `HTTP/1.1`, which is almost every protocol. */
const USUAL_PROTOCOL_BYTES = 8;
/** The bytes of `HTTP`, and of `GET` with the space behind it, as little-endian numbers. */
const HTTP = 0x50545448;
const GET = 0x20544547;

/**
 * Request lines of one block, split when first asked for. A request has parts when it is a method (ASCII letters, `-`
 * and `_`), a space, a target that is not empty (spaces may stand in it), a space and a protocol (letters, `/`, a digit
 * and more without spaces); else all its parts are null. 8 to 12 bytes a row.
 */
export class AccessRequests {
  /** Behind the method, or {@link NOT_SPLIT}; the target begins one further. */
  readonly #methodEnds: Int32Array;
  /** Behind the target; the protocol begins one further. */
  readonly #targetEnds: Int32Array;
  #pathEnds: Int32Array | null = null;

  constructor(readonly bytes: Uint8Array, readonly tape: Int32Array, readonly rows: number) {
    this.#methodEnds = shortInt32s(rows);
    this.#targetEnds = shortInt32s(rows);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let row = 0, at = 0; row < rows; row++, at += STRIDE) {
      const start = tape[at + TIME_END]! + 3;
      const end = tape[at + REQUEST_END]!;
      const target = targetEnd(bytes, view, start, end);
      const method = target < 0 ? NOT_SPLIT : methodEnd(bytes, view, start, target);
      this.#methodEnds[row] = method;
      this.#targetEnds[row] = target;
    }
  }

  /** The named part of each request; a query is null when the target has no `?`. */
  column(name: "method" | "path" | "query" | "protocol"): TextColumn {
    const { bytes, tape, rows } = this;
    const starts = shortInt32s(rows);
    const ends = name === "path" ? this.#endsOfPaths() : shortInt32s(rows);
    for (let row = 0; row < rows; row++) {
      const method = this.#methodEnds[row]!;
      const target = this.#targetEnds[row]!;
      if (method === NOT_SPLIT) starts[row] = -1;
      else if (name === "path") starts[row] = method + 1;
      else if (name === "method") {
        starts[row] = tape[row * STRIDE + TIME_END]! + 3;
        ends[row] = method;
      } else if (name === "protocol") {
        starts[row] = target + 1;
        ends[row] = tape[row * STRIDE + REQUEST_END]!;
      } else {
        const path = this.#endsOfPaths()[row]!;
        starts[row] = path === target ? -1 : path + 1;
        ends[row] = target;
      }
    }
    return new TextColumn(bytes, starts, ends);
  }

  /** Behind the path of each request: at the `?`, or where the target ends. */
  #endsOfPaths(): Int32Array {
    if (this.#pathEnds !== null) return this.#pathEnds;
    const { bytes, rows } = this;
    const ends = shortInt32s(rows);
    for (let row = 0; row < rows; row++) {
      const method = this.#methodEnds[row]!;
      ends[row] = method === NOT_SPLIT ? 0 : pathEnd(bytes, method + 1, this.#targetEnds[row]!);
    }
    return this.#pathEnds = ends;
  }
}

/** Where the path of the target `bytes[start, end)` ends: at its first `?`, or with the target. */
export function pathEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== QUESTION) at++;
  return at;
}

/** The space before the protocol; -1 when the request does not end with one. */
function targetEnd(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  let at = end - USUAL_PROTOCOL_BYTES - 1;
  const usual = at > start && bytes[at] === SPACE && view.getInt32(at + 1, true) === HTTP &&
    bytes[at + 5] === SLASH && isDigit(bytes[at + 6]) && bytes[at + 7] === 46 &&
    isDigit(bytes[at + 8]);
  if (usual) return at;
  at = end - 1;
  while (at > start && bytes[at] !== SPACE) at--;
  let slash = at + 1;
  while (slash < end && isLetter(bytes[slash]!)) slash++;
  const named = slash > at + 1 && bytes[slash] === SLASH && slash + 1 < end;
  return at > start && named && isDigit(bytes[slash + 1]) ? at : NOT_SPLIT;
}

/** The space after the method, when a target stands between it and `target`; else -1. */
function methodEnd(bytes: Uint8Array, view: DataView, start: number, target: number): number {
  if (target > start + 4 && view.getInt32(start, true) === GET) return start + 3;
  let at = start;
  while (at < target && isMethodByte(bytes[at]!)) at++;
  return at > start && at + 1 < target && bytes[at] === SPACE ? at : NOT_SPLIT;
}

function isLetter(byte: number): boolean {
  const lower = byte | 32;
  return lower >= 97 && lower <= 122;
}

function isMethodByte(byte: number): boolean {
  return isLetter(byte) || byte === 45 || byte === 95;
}
