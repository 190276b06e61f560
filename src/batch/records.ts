/**
 * Record framing: cuts chunks of any size into whole records of separated values and makes rows of them.
 * Everything it answers (rows, rejects, line numbers, offsets) is independent of how the upload was cut.
 * @module
 */
import { RunError } from "../errors.ts";
import { type FramingContext, type Operator, type Outputs } from "../stage.ts";
import { type Batch, MAX_BATCH_BYTES } from "./batch.ts";
import { borrowBytes } from "./chunk_memory.ts";
import { recordBatch } from "./csv_columns.ts";
import { type EdgeState, RecordEdge } from "./csv_edge.ts";
import { distinctNames, fieldsOf, firstRecord, MarkFilter, type MarkState } from "./csv_header.ts";
import { type RecordReader, recordReader } from "./csv_reader.ts";
import type { Dialect, RecordScan } from "./csv_scan.ts";
import { SHOWN_LINE_BYTES, shownLine } from "./line_format.ts";

const NO_BYTES: Uint8Array = new Uint8Array(0);
const FIRST_CARRY_BYTES = 4096;
/** More of a record that is too long than any reject shows. */
const HEAD_BYTES = 256;

/** What a user says of the records. */
export interface RecordOptions {
  readonly dialect: Dialect;
  /** Whether the first record that is not empty holds names. */
  readonly header: boolean;
  /** The names of the columns; null when the header or the number of fields gives them. */
  readonly names: readonly string[] | null;
}

/**
 * An operator that emits every whole record of a chunk at once. A record ends with `\n` or `\r\n` outside of quotes; the
 * last needs neither. A byte order mark at the start is skipped, empty lines count in line numbers only. A record of
 * more than `maxLineBytes` bytes before its `\n` is a reject and is discarded as it streams by.
 *
 * Holds the unfinished last record, at most `maxLineBytes`, declared to the budget, and a tape of one block.
 * @throws RunError `nothing_parsed` when the header is no record, or has too many fields.
 */
export function recordFormat(
  options: RecordOptions,
  context: FramingContext,
): Operator<Uint8Array, Batch> {
  return new RecordOperator(options, context);
}

interface RecordState {
  readonly held: Uint8Array;
  readonly mark: MarkState;
  readonly offset: number;
  readonly linesBefore: number;
  readonly discarding: boolean;
  readonly headerPending: boolean;
  readonly names: readonly string[] | null;
  readonly edge: EdgeState;
}

class RecordOperator implements Operator<Uint8Array, Batch> {
  #carry = NO_BYTES;
  #held = 0;
  readonly #mark = new MarkFilter();
  /** Offset in the upload of the record in hand; while discarding, of the first byte not yet discarded. */
  #offset = 0;
  #linesBefore = 0;
  #discarding = false;
  #headerPending: boolean;
  #reader: RecordReader | null;
  readonly #edge: RecordEdge;
  readonly #maxBytes: number;
  readonly #blockBytes: number;

  constructor(readonly options: RecordOptions, readonly context: FramingContext) {
    this.#headerPending = options.header;
    this.#reader = options.names === null ? null : this.#readerOf(options.names);
    this.#edge = new RecordEdge(options.dialect);
    this.#maxBytes = context.limits.maxLineBytes;
    // A block of several records is shorter than any that is too long, so the scanner need not look for these.
    this.#blockBytes = Math.min(MAX_BATCH_BYTES, this.#maxBytes);
  }

  push(chunk: Uint8Array): Outputs<Batch> {
    const outputs: Batch[] = [];
    const opening = this.#mark.open;
    const bytes = this.#mark.pass(chunk);
    if (opening) this.#offset = this.#mark.length;
    if (bytes !== null) this.#take(bytes, outputs);
    return outputs;
  }

  *finish(): Generator<Batch> {
    const outputs: Batch[] = [];
    this.#take(this.#mark.rest(), outputs);
    if (this.#held > 0) {
      const last = this.#carry.slice(0, this.#held);
      this.#held = 0;
      this.#record(last, 0, last.length, true, outputs);
    }
    yield* outputs;
  }

  save(): RecordState {
    return {
      held: this.#carry.slice(0, this.#held),
      mark: this.#mark.save(),
      offset: this.#offset,
      linesBefore: this.#linesBefore,
      discarding: this.#discarding,
      headerPending: this.#headerPending,
      names: this.#reader?.names ?? null,
      edge: this.#edge.save(),
    };
  }

  restore(state: unknown): void {
    const saved = state as RecordState;
    this.#hold(saved.held, 0);
    this.#mark.restore(saved.mark);
    this.#offset = saved.offset;
    this.#linesBefore = saved.linesBefore;
    this.#discarding = saved.discarding;
    this.#headerPending = saved.headerPending;
    if (saved.names !== null) this.#reader = this.#readerOf(saved.names);
    this.#edge.restore(saved.edge);
  }

  dispose(): void {
    this.context.budget.take(-this.#carry.length);
    this.#carry = NO_BYTES;
    this.#held = 0;
  }

  #take(bytes: Uint8Array, outputs: Batch[]): void {
    let at = 0;
    while (at < bytes.length) {
      const reader = this.#headerPending ? null : this.#reader;
      if (reader !== null && this.#held === 0 && !this.#discarding) {
        const end = Math.min(bytes.length, at + this.#blockBytes);
        const next = this.#block(reader, bytes, at, end, outputs);
        if (next > at) {
          at = next;
          continue;
        }
      }
      at = this.#piece(bytes, at, outputs);
    }
  }

  /** Reads the whole records of a block; gives where the first begins that is not whole. */
  #block(
    { scan: read, slots }: RecordReader,
    bytes: Uint8Array,
    start: number,
    end: number,
    outputs: Batch[],
    final = false,
  ): number {
    const scan = read(bytes, start, end, final);
    this.#report(bytes, start, scan);
    const { quote } = this.options.dialect;
    if (scan.rows > 0) outputs.push(recordBatch(bytes, scan, slots, quote, scan.next - start));
    return scan.next;
  }

  #report(bytes: Uint8Array, start: number, scan: RecordScan): void {
    if (scan.records > 0) this.context.lines(scan.records);
    for (const fault of scan.faults) {
      this.context.reject({
        line: this.#linesBefore + fault.line + 1,
        offset: this.#offset + fault.start - start,
        reason: fault.reason,
        text: shownLine(bytes, fault.start, fault.end),
      });
    }
    this.#linesBefore += scan.lines;
    this.#offset += scan.next - start;
  }

  /** Goes on with the record in hand, which began before `at` or there; gives where the next begins. */
  #piece(bytes: Uint8Array, at: number, outputs: Batch[]): number {
    const found = this.#edge.find(bytes, at);
    const end = found < 0 ? bytes.length : found;
    const size = this.#held + end - at - (found < 0 ? 0 : 1);
    if (!this.#discarding && size > this.#maxBytes) this.#rejectLong(bytes, at);
    if (this.#discarding) this.#offset += end - at;
    else if (found < 0) this.#hold(bytes, at);
    if (found < 0) return end;
    const feeds = this.#edge.feeds;
    this.#edge.reset();
    if (this.#discarding) {
      this.#discarding = false;
      this.#linesBefore += feeds + 1;
      return end;
    }
    if (this.#held === 0) {
      this.#record(bytes, at, end, false, outputs);
      return end;
    }
    return this.#join(bytes, at, end, outputs);
  }

  /** Reads the held record together with those behind it that fit in one block. */
  #join(bytes: Uint8Array, at: number, end: number, outputs: Batch[]): number {
    const held = this.#held;
    const reader = this.#headerPending ? null : this.#reader;
    const limit = reader === null
      ? end
      : Math.max(end, Math.min(bytes.length, at + this.#blockBytes - held));
    const joined = borrowBytes(bytes, held + limit - at);
    joined.set(this.#carry.subarray(0, held));
    joined.set(bytes.subarray(at, limit), held);
    this.#held = 0;
    if (reader !== null) return at + this.#block(reader, joined, 0, joined.length, outputs) - held;
    this.#record(joined, 0, joined.length, false, outputs);
    return end;
  }

  /** Reads one whole record, which may be the first. */
  #record(bytes: Uint8Array, start: number, end: number, final: boolean, outputs: Batch[]): void {
    if (this.#reader !== null && !this.#headerPending) {
      this.#block(this.#reader, bytes, start, end, outputs, final);
      return;
    }
    const { dialect } = this.options;
    const { found, probe } = firstRecord(dialect, bytes, start, end, final);
    if (found < 0 && this.#headerPending) this.#refuseHeader(probe.faults[0]!.reason);
    if (found > 0 && this.#headerPending) {
      this.#headerPending = false;
      this.#linesBefore += probe.lines;
      this.#offset += end - start;
      this.#reader ??= this.#readerOf(distinctNames(fieldsOf(dialect, bytes, start, end, found)));
    } else if (found > 0) {
      const names = Array.from({ length: found }, (_, index) => `c${index + 1}`);
      this.#reader = this.#readerOf(names);
      this.#block(this.#reader, bytes, start, end, outputs, final);
    } else this.#report(bytes, start, probe);
  }

  #refuseHeader(reason: string): never {
    const line = this.#linesBefore + 1;
    throw new RunError("nothing_parsed", `Cannot read the header in line ${line}: ${reason}`);
  }

  #readerOf(names: readonly string[]): RecordReader {
    return recordReader(names, this.options.dialect, this.context.demand);
  }

  #hold(bytes: Uint8Array, at: number): void {
    const needed = this.#held + bytes.length - at;
    if (needed > this.#carry.length) this.#grow(needed);
    this.#carry.set(bytes.subarray(at), this.#held);
    this.#held = needed;
  }

  #grow(needed: number): void {
    const doubled = Math.max(needed, this.#carry.length * 2, FIRST_CARRY_BYTES);
    const larger = new Uint8Array(Math.max(needed, Math.min(doubled, this.#maxBytes)));
    this.context.budget.take(larger.length - this.#carry.length);
    larger.set(this.#carry.subarray(0, this.#held));
    this.#carry = larger;
  }

  /** Reports the record in hand, of which more than the bound has arrived, and begins to discard it. */
  #rejectLong(bytes: Uint8Array, at: number): void {
    const reason = `Record of more than ${this.#maxBytes} bytes`;
    if (this.#headerPending) this.#refuseHeader(reason);
    const head = new Uint8Array(HEAD_BYTES);
    const kept = this.#carry.subarray(0, Math.min(this.#held, HEAD_BYTES));
    const rest = bytes.subarray(at, at + HEAD_BYTES - kept.length);
    head.set(kept);
    head.set(rest, kept.length);
    const most = Math.min(SHOWN_LINE_BYTES, this.#maxBytes);
    this.context.lines(1);
    this.context.reject({
      line: this.#linesBefore + 1,
      offset: this.#offset,
      class: "length",
      reason,
      text: shownLine(head, 0, kept.length + rest.length, most),
    });
    this.#offset += this.#held;
    this.#held = 0;
    this.#discarding = true;
  }
}
