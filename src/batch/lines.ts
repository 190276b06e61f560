/**
 * Line framing: cuts chunks of any size into blocks of whole lines and hands these to a format.
 * Everything it answers (rows, rejects, line numbers, offsets) is independent of how the upload was cut.
 * @module
 */
import { type FramingContext, NOTHING, type Operator, type Outputs } from "../stage.ts";
import { borrowBytes } from "./chunk_memory.ts";
import { type Batch, MAX_BATCH_BYTES } from "./batch.ts";
import { type LineFormat, NEWLINE, SHOWN_LINE_BYTES, shownLine } from "./line_format.ts";

const NO_BYTES: Uint8Array = new Uint8Array(0);
const FIRST_CARRY_BYTES = 4096;
/** More of a line that is too long than any reject shows. */
const LINE_HEAD_BYTES = 256;

/** What a line that was held is joined in with those behind it; parsing never yields. */
let shared: Uint8Array | null = null;

/**
 * An operator that emits every whole line of a chunk at once, in batches of at most MAX_BATCH_ROWS rows and, single
 * longer lines aside, MAX_BATCH_BYTES bytes. Both `\n` and `\r\n` end a line; at the end of the upload a last line needs
 * neither. A byte order mark at the start is skipped. Empty lines are neither rows nor rejects; they count in line
 * numbers only. A line of more than `maxLineBytes` bytes before its `\n` is a reject and is discarded as it streams by.
 *
 * Holds the unfinished last line, at most `maxLineBytes`, declared to the budget; the rest is views of the chunks.
 */
export function lineFormat(
  format: LineFormat,
  context: FramingContext,
): Operator<Uint8Array, Batch> {
  return new LineOperator(format, context);
}

interface LineState {
  readonly held: Uint8Array;
  readonly offset: number;
  readonly linesBefore: number;
  readonly discarding: boolean;
}

class LineOperator implements Operator<Uint8Array, Batch> {
  #carry = NO_BYTES;
  #held = 0;
  /** Offset in the upload of the first byte that is neither parsed nor discarded. */
  #offset = 0;
  #linesBefore = 0;
  #discarding = false;
  /** What is being pushed: what its rows need may be borrowed for as long as it lives. */
  #chunk = NO_BYTES;
  readonly #maxLineBytes: number;
  readonly #blockBytes: number;

  constructor(readonly format: LineFormat, readonly context: FramingContext) {
    this.#maxLineBytes = context.limits.maxLineBytes;
    // A block of several lines is shorter than any line that is too long, so formats need not look for these.
    this.#blockBytes = Math.min(MAX_BATCH_BYTES, this.#maxLineBytes);
  }

  push(chunk: Uint8Array): Outputs<Batch> {
    this.#chunk = chunk;
    let at = this.#discarding ? this.#discard(chunk) : 0;
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    const outputs: Batch[] = [];
    if (end > at) {
      if (this.#held > 0) at = this.#join(chunk, at, end, outputs);
      this.#parse(chunk, at, end, outputs);
      at = end;
    }
    this.#hold(chunk, at);
    this.#chunk = NO_BYTES;
    return outputs.length === 0 ? NOTHING : outputs;
  }

  finish(): Outputs<Batch> {
    if (this.#held === 0) return NOTHING;
    const outputs: Batch[] = [];
    const last = this.#carry.slice(0, this.#held);
    this.#held = 0;
    this.#parse(last, 0, last.length, outputs);
    return outputs;
  }

  save(): LineState {
    return {
      held: this.#carry.slice(0, this.#held),
      offset: this.#offset,
      linesBefore: this.#linesBefore,
      discarding: this.#discarding,
    };
  }

  restore(state: unknown): void {
    const { held, offset, linesBefore, discarding } = state as LineState;
    this.#hold(held, 0);
    this.#offset = offset;
    this.#linesBefore = linesBefore;
    this.#discarding = discarding;
  }

  dispose(): void {
    this.context.budget.take(-this.#carry.length);
    this.#carry = NO_BYTES;
    this.#held = 0;
  }

  /** Skips to behind the line feed that ends a line that is too long. */
  #discard(chunk: Uint8Array): number {
    const newline = chunk.indexOf(NEWLINE);
    const skipped = newline < 0 ? chunk.length : newline + 1;
    this.#discarding = newline < 0;
    this.#offset += skipped;
    return skipped;
  }

  /** Parses the held line together with the lines behind it that fit in one block; gives where the rest begins. */
  #join(chunk: Uint8Array, at: number, end: number, outputs: Batch[]): number {
    const held = this.#held;
    const first = chunk.indexOf(NEWLINE, at) + 1;
    this.#held = 0;
    if (held + first - 1 - at > this.#maxLineBytes) {
      this.#rejectLong(this.#headOfLine(held, chunk, at));
      this.#offset += held + first - at;
      return first;
    }
    const limit = Math.max(first, at + this.#blockBytes - held);
    const cut = limit >= end ? end : chunk.lastIndexOf(NEWLINE, limit - 1) + 1;
    const joined = this.#room(chunk, held + cut - at);
    joined.set(this.#carry.subarray(0, held));
    joined.set(chunk.subarray(at, cut), held);
    this.#parse(joined, 0, joined.length, outputs);
    return cut;
  }

  /** So many bytes to parse from, for as long as the chunk lives or, when the format copies, of all runs of the thread. */
  #room(chunk: Uint8Array, size: number): Uint8Array {
    if (this.format.copies !== true || size > MAX_BATCH_BYTES) return borrowBytes(chunk, size);
    const room = this.format.room ?? (shared ??= new Uint8Array(MAX_BATCH_BYTES));
    return room.subarray(0, size);
  }

  #parse(bytes: Uint8Array, start: number, end: number, outputs: Batch[]): void {
    let at = start;
    while (at < end) {
      const block = this.#blockEnd(bytes, at, end);
      const newline = bytes[block - 1] === NEWLINE ? 1 : 0;
      if (block - newline - at > this.#maxLineBytes) {
        this.#rejectLong(bytes.subarray(at, at + LINE_HEAD_BYTES));
        this.#offset += block - at;
      } else this.#parseBlock(bytes, at, block, outputs);
      at = block;
    }
  }

  /** Where the block of whole lines ends that begins at `at`: as many as fit, or one that does not. */
  #blockEnd(bytes: Uint8Array, at: number, end: number): number {
    const limit = at + this.#blockBytes;
    if (limit >= end) return end;
    const last = bytes.lastIndexOf(NEWLINE, limit - 1);
    if (last >= at) return last + 1;
    const next = bytes.indexOf(NEWLINE, limit);
    return next < 0 || next >= end ? end : next + 1;
  }

  #parseBlock(bytes: Uint8Array, start: number, end: number, outputs: Batch[]): void {
    let at = start + this.#markLength(bytes, start, end);
    this.#offset += at - start;
    while (at < end) {
      const block = this.format.parse(bytes, at, end, this.#chunk);
      this.context.lines(block.lines - block.empty, block.empty);
      for (const fault of block.faults) {
        this.context.reject({
          line: this.#linesBefore + fault.line + 1,
          offset: this.#offset + fault.start - at,
          reason: fault.reason,
          text: shownLine(bytes, fault.start, fault.end),
        });
      }
      if (block.batch !== null) outputs.push(block.batch);
      this.#linesBefore += block.lines;
      this.#offset += block.next - at;
      at = block.next;
    }
  }

  /** The length of a byte order mark, which only the upload's first bytes can be. */
  #markLength(bytes: Uint8Array, start: number, end: number): number {
    const marked = this.#offset === 0 && end - start >= 3 && bytes[start] === 0xef &&
      bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf;
    return marked ? 3 : 0;
  }

  /** Keeps the unfinished line `chunk[at, ...)`, or begins to discard it. */
  #hold(chunk: Uint8Array, at: number): void {
    const added = chunk.length - at;
    if (added === 0 || this.#discarding) return;
    const held = this.#held;
    if (held + added > this.#maxLineBytes) {
      this.#held = 0;
      this.#discarding = true;
      this.#rejectLong(this.#headOfLine(held, chunk, at));
      this.#offset += held + added;
      return;
    }
    if (held + added > this.#carry.length) this.#grow(held + added);
    this.#carry.set(chunk.subarray(at), held);
    this.#held = held + added;
  }

  #grow(needed: number): void {
    const doubled = Math.max(needed, this.#carry.length * 2, FIRST_CARRY_BYTES);
    const larger = new Uint8Array(Math.max(needed, Math.min(doubled, this.#maxLineBytes)));
    this.context.budget.take(larger.length - this.#carry.length);
    larger.set(this.#carry.subarray(0, this.#held));
    this.#carry = larger;
  }

  /** The first bytes of the line that begins with the `held` ones and goes on in `chunk` at `at`. */
  #headOfLine(held: number, chunk: Uint8Array, at: number): Uint8Array {
    const head = new Uint8Array(LINE_HEAD_BYTES);
    const kept = this.#carry.subarray(0, Math.min(held, LINE_HEAD_BYTES));
    const rest = chunk.subarray(at, at + LINE_HEAD_BYTES - kept.length);
    head.set(kept);
    head.set(rest, kept.length);
    return head.subarray(0, kept.length + rest.length);
  }

  /**
   * Reports the line that begins at the current offset. Of its `head` no more is shown than the bytes that have certainly
   * arrived by now, so that the text does not depend on chunks.
   */
  #rejectLong(head: Uint8Array): void {
    const mark = this.#markLength(head, 0, head.length);
    const most = Math.min(SHOWN_LINE_BYTES, Math.max(0, this.#maxLineBytes - mark));
    this.context.lines(1);
    this.context.reject({
      line: ++this.#linesBefore,
      offset: this.#offset + mark,
      class: "length",
      reason: `Line of more than ${this.#maxLineBytes} bytes`,
      text: shownLine(head, mark, head.length, most),
    });
  }
}
