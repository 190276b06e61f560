/**
 * The request thread's side of a run that was handed over: bytes into slices of whole lines, results back in order.
 * @module
 */
import { NEWLINE } from "../batch/line_format.ts";
import type { SliceResult } from "./messages.ts";
import type { Lane, Slice, SliceAnswer } from "./pool.ts";
import type { SliceRunner } from "./slice_runner.ts";

/** The size of a slice in bytes: large enough that sending it costs nothing measurable, small enough to take turns. */
const SLICE_BYTES = 512 * 1024;
/** How long bytes may wait for more of them before they go out as a smaller slice. */
const MOST_WAIT_MS = 20;
/** Of a word, in which memory is copied. */
const ALIGNMENT = 8;
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** What a feed works with. */
export interface SliceFeedOptions {
  /** The most slices that are under way or not merged yet. */
  readonly credits: number;
  /** A way to the threads, on which `answer` is called. */
  open(answer: (slice: Slice, answer: SliceAnswer) => void): Lane;
  /** A runner on this thread, for lines that are longer than a slice. */
  makeRunner(): SliceRunner;
  /** Takes the results in slice order, each with the slice's bytes; what it throws fails the run. */
  merge(result: SliceResult, bytes: number): void;
  /** The run cannot go on. Called once. */
  fail(fault: unknown): void;
}

interface Merge {
  readonly answer: SliceAnswer;
  readonly bytes: number;
  /** The slice's memory, to be filled again. */
  readonly memory: SharedArrayBuffer | null;
}

/**
 * Cuts an upload, from some line's start on, behind line feeds. Holds `credits` slices of {@link SLICE_BYTES} in shared
 * memory, filled, under way, or waiting for one before them to come back, and the rest of a line. A line that fills a
 * slice runs through the format on this thread, piece by piece, in its place among the slices.
 */
export class SliceFeed {
  readonly #options: SliceFeedOptions;
  readonly #lane: Lane;
  readonly #free: SharedArrayBuffer[] = [];
  #made = 0;
  #block: Uint8Array<SharedArrayBuffer> | null = null;
  #filled = 0;
  /** The start of a line whose slice is gone. */
  #carry = NO_BYTES;
  #submitted = 0;
  #merged = 0;
  readonly #answers = new Map<number, Merge>();
  #runner: SliceRunner | null = null;
  /** Bytes of the long line that is being read, 0 when none is. */
  #longBytes = 0;
  #fault: { readonly cause: unknown } | null = null;
  #wake = () => {};
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SliceFeedOptions) {
    this.#options = options;
    this.#lane = options.open((slice, answer) =>
      this.#answered(slice.index, { answer, bytes: slice.length, memory: slice.bytes })
    );
  }

  /** Takes bytes; resolves when all are in slices. Rejects with what failed the run. */
  async push(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      this.#check();
      if (this.#longBytes > 0) at = await this.#pushLong(bytes, at);
      else {
        const block = this.#block ?? await this.#newBlock(bytes.byteOffset + at);
        const end = Math.min(bytes.length, at + block.length - this.#filled);
        block.set(bytes.subarray(at, end), this.#filled);
        this.#filled += end - at;
        at = end;
        if (this.#filled === block.length && !this.#cut(block)) await this.#beginLong(block);
      }
    }
    if (this.#filled > 0) this.#timer ??= setTimeout(() => this.#late(), MOST_WAIT_MS);
  }

  /** Ends the upload; resolves when everything is merged. Rejects with what failed the run. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#longBytes > 0) await this.#endLong(true);
    else if (this.#filled > 0 || this.#carry.length > 0) {
      const block = this.#block ?? await this.#newBlock(0);
      this.#submit(block, this.#filled, true);
    }
    await this.#until(() => this.#merged === this.#submitted);
  }

  /**
   * Ends the feed where a line ends: resolves, when everything sent is merged, with the bytes that were not sent; with
   * null inside of a long line, where the feed must go on.
   */
  async leave(): Promise<Uint8Array | null> {
    if (this.#longBytes > 0) return null;
    clearTimeout(this.#timer);
    const rest = this.#block === null
      ? this.#carry
      : new Uint8Array(this.#block.subarray(0, this.#filled));
    this.#block = null;
    await this.#until(() => this.#merged === this.#submitted);
    this.#lane.close();
    return rest;
  }

  /** Ends everything at once; what waits rejects with `reason`. */
  close(reason: unknown): void {
    clearTimeout(this.#timer);
    this.#lane.close();
    this.#fault ??= { cause: reason };
    this.#wake();
  }

  /** Gives back what the feed holds besides slices. */
  dispose(): void {
    this.#runner?.dispose();
    this.#runner = null;
  }

  #check(): void {
    if (this.#fault !== null) throw this.#fault.cause;
  }

  async #until(reached: () => boolean): Promise<void> {
    for (this.#check(); !reached(); this.#check()) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** An empty block; `source` is where, in memory of their own, the bytes stand that come behind the carried ones. */
  async #newBlock(source: number): Promise<Uint8Array<SharedArrayBuffer>> {
    await this.#until(() => this.#free.length > 0 || this.#made < this.#options.credits);
    if (this.#free.length === 0) this.#made++;
    const memory = this.#free.pop() ?? new SharedArrayBuffer(SLICE_BYTES);
    // V8 copies to and from shared memory a byte at a time unless both sides are aligned alike: 9 times as slow.
    const start = (source - this.#carry.length) & (ALIGNMENT - 1);
    const block = new Uint8Array(memory, start);
    block.set(this.#carry);
    this.#filled = this.#carry.length;
    this.#carry = NO_BYTES;
    return this.#block = block;
  }

  /** Sends the whole lines of `block` and carries the rest over; false when there is no whole line. */
  #cut(block: Uint8Array<SharedArrayBuffer>): boolean {
    const end = block.subarray(0, this.#filled).lastIndexOf(NEWLINE) + 1;
    if (end === 0) return false;
    this.#carry = new Uint8Array(block.subarray(end, this.#filled));
    this.#submit(block, end, false);
    return true;
  }

  #submit(block: Uint8Array<SharedArrayBuffer>, length: number, last: boolean): void {
    this.#block = null;
    this.#filled = 0;
    const { buffer: bytes, byteOffset: start } = block;
    this.#lane.submit({ index: this.#submitted++, bytes, start, length, last });
  }

  #late(): void {
    this.#timer = undefined;
    if (this.#block !== null && this.#fault === null) this.#cut(this.#block);
  }

  async #beginLong(block: Uint8Array<SharedArrayBuffer>): Promise<void> {
    const start = new Uint8Array(block);
    this.#free.push(block.buffer);
    this.#block = null;
    this.#filled = 0;
    this.#longBytes = start.length;
    await this.#long().push(start);
  }

  /** Takes the long line's next piece, up to behind its line feed; gives where that ends. */
  async #pushLong(bytes: Uint8Array, at: number): Promise<number> {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline < 0 ? bytes.length : newline + 1;
    this.#longBytes += end - at;
    await this.#long().push(bytes.subarray(at, end));
    if (newline >= 0) await this.#endLong(false);
    return end;
  }

  async #endLong(last: boolean): Promise<void> {
    const result = await this.#long().take(last);
    const bytes = this.#longBytes;
    this.#longBytes = 0;
    this.#answered(this.#submitted++, { answer: { result }, bytes, memory: null });
  }

  #long(): SliceRunner {
    return this.#runner ??= this.#options.makeRunner();
  }

  #answered(index: number, merge: Merge): void {
    this.#answers.set(index, merge);
    try {
      for (let next; (next = this.#answers.get(this.#merged)) !== undefined;) {
        if (this.#fault !== null) return;
        this.#answers.delete(this.#merged);
        if ("fault" in next.answer) throw next.answer.fault;
        this.#options.merge(next.answer.result, next.bytes);
        this.#merged++;
        if (next.memory !== null) this.#free.push(next.memory);
      }
    } catch (fault) {
      this.#fault = { cause: fault };
      this.#options.fail(fault);
    }
    this.#wake();
  }
}
