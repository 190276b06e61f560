/**
 * The contract between line framing and the formats that turn whole lines into rows.
 * @module
 */
import type { Batch } from "./batch.ts";
import { MAX_BATCH_ROWS } from "./batch.ts";
import { decodeText } from "./text.ts";

/** The line feed, which ends a line. */
export const NEWLINE = 10;
/** The carriage return, which is not part of a line when it stands before the line feed. */
export const CARRIAGE_RETURN = 13;

/** A reject shows this many bytes of its line at the most. */
export const SHOWN_LINE_BYTES = 200;
/** A reason shows this many bytes of what was found at the most. */
const SHOWN_VALUE_BYTES = 40;

/** A line that is no row: `line` counts from 0 in its block, `start` and `end` are offsets into the block's bytes. */
export interface LineFault {
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly reason: string;
}

/** What a format made of some whole lines. */
export interface LineBlock {
  /** The rows in line order; null when there are none. */
  readonly batch: Batch | null;
  /** How many lines were read, empty ones among them. */
  readonly lines: number;
  /** How many of these were empty: neither row nor fault. */
  readonly empty: number;
  /** The lines that are no rows, in line order. */
  readonly faults: readonly LineFault[];
  /** Where reading stopped: the given end, or after {@link MAX_BATCH_ROWS} rows the start of the next line. */
  readonly next: number;
}

/** A format whose rows are lines. Pure: a line gives the same row or fault whatever stands around it. */
export interface LineFormat {
  /** Set where blocks keep no views of the bytes that they were read from. */
  readonly copies?: true;
  /** Of a format that copies: MAX_BATCH_BYTES of its own, in which lines that have to be joined may be joined. */
  readonly room?: Uint8Array;
  /**
   * Reads the lines of `bytes[start, end)`. Each is whole and ends with a line feed, except perhaps the very last of an
   * upload; none is longer than the run allows. Unless the format copies, the block may keep views of `bytes`, which then
   * never change again. They came with `chunk`, for whose lifetime a block may borrow memory.
   */
  parse(bytes: Uint8Array, start: number, end: number, chunk?: Uint8Array): LineBlock;
}

/** The lines of a block that are not empty: `count` of them, numbered in `numbers` from 0. */
export interface SplitLines {
  readonly count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly numbers: Int32Array;
  readonly lines: number;
  readonly empty: number;
  readonly next: number;
}

/** Cuts `bytes[start, end)` into at most {@link MAX_BATCH_ROWS} lines that are not empty. 12 bytes a line. */
export function splitLines(bytes: Uint8Array, start: number, end: number): SplitLines {
  const room = Math.min(MAX_BATCH_ROWS, ((end - start) >> 1) + 1);
  const starts = new Int32Array(room);
  const ends = new Int32Array(room);
  const numbers = new Int32Array(room);
  let at = start;
  let count = 0;
  let lines = 0;
  while (at < end && count < room) {
    const newline = lineFeed(bytes, at, end);
    const lineEnd = trimmedEnd(bytes, at, newline);
    if (lineEnd > at) {
      starts[count] = at;
      ends[count] = lineEnd;
      numbers[count++] = lines;
    }
    lines++;
    at = newline + 1;
  }
  return { count, starts, ends, numbers, lines, empty: lines - count, next: Math.min(at, end) };
}

/** The offset of the next line feed at or after `at`, or `end` when there is none before it. */
export function lineFeed(bytes: Uint8Array, at: number, end: number): number {
  const newline = bytes.indexOf(NEWLINE, at);
  return newline < 0 || newline > end ? end : newline;
}

/** Where the line `bytes[start, newline)` ends without its carriage return. */
export function trimmedEnd(bytes: Uint8Array, start: number, newline: number): number {
  return newline > start && bytes[newline - 1] === CARRIAGE_RETURN ? newline - 1 : newline;
}

/** The text of a line as a reject shows it: at most `most` bytes, cut between characters, broken UTF-8 as U+FFFD. */
export function shownLine(
  bytes: Uint8Array,
  start: number,
  end: number,
  most = SHOWN_LINE_BYTES,
): string {
  return decodeText(bytes, start, characterEnd(bytes, start, end, most));
}

/** What was found, as a reason shows it: quoted and cut to 40 bytes, or the words `the end of the line`. */
export function shownValue(bytes: Uint8Array, start: number, end: number): string {
  if (start >= end) return "the end of the line";
  const cut = characterEnd(bytes, start, end, SHOWN_VALUE_BYTES);
  return `"${decodeText(bytes, start, cut)}${cut < end ? "..." : ""}"`;
}

/** The last character boundary that leaves at most `most` bytes after `start`; a UTF-8 tail is at most 3 bytes long. */
function characterEnd(bytes: Uint8Array, start: number, end: number, most: number): number {
  if (end - start <= most) return end;
  const cut = start + most;
  let back = cut;
  while (back > cut - 3 && (bytes[back]! & 0xc0) === 0x80) back--;
  return bytes[back]! >= 0xc0 ? back : cut;
}
