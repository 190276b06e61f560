/**
 * The map segment of a run as one operator: on the request thread while the upload is small, on worker threads after.
 * @module
 */
import { NEWLINE } from "../batch/line_format.ts";
import type { Batch } from "../batch/batch.ts";
import type { AnyOperator, Chunk } from "../pipeline/chain.ts";
import { chain, disposeAll } from "../pipeline/chain.ts";
import type { Probe } from "../pipeline/probe.ts";
import { type Reject, type RejectTold, shifted } from "../reject.ts";
import { NOTHING, type Outputs } from "../stage.ts";
import type { SliceResult } from "./messages.ts";
import { SliceFeed, type SliceFeedOptions } from "./slice_feed.ts";

/** Bytes of an upload that stay on the request thread. */
const HAND_OVER_BYTES = 1024 * 1024;

/** A run whose slices cost this share of their work again when they are merged comes back to the request thread. */
const MOST_MERGE_SHARE = 0.25;
/** So many slices are merged before that is decided. */
const SLICES_TO_JUDGE = 4;
/** What a chunk may keep the request thread: a request beside it waits for a few of them. */
const LONG_TURN_MS = 2;
/** It is long when so many in turn were: neither compiling nor another process makes it so. */
const TURNS_TO_JUDGE = 8;

/** How far a run is: lines with the empty ones. */
export interface Tally {
  /** Lines read anywhere. */
  lines: number;
  /** Of these, what was read in slices; the format on this thread has not seen them. */
  slicedLines: number;
  slicedBytes: number;
}

/** What a map segment works with. */
export interface MapSegmentOptions {
  /** The format, the row-local stages behind it, and the aggregate, observed by `probes`. */
  readonly operators: readonly AnyOperator[];
  readonly probes: readonly Probe[];
  readonly tally: Tally;
  readonly signal: AbortSignal;
  readonly feed: Omit<SliceFeedOptions, "merge">;
  /** Whether others would gain from the run's leaving this thread; `long` when it keeps it long at a time, or has left it. */
  wanted(long: boolean): boolean;
  /** Whether there is a thread that would take slices now; asks for one when there is none. */
  available(): boolean;
  reject(reject: Reject, told: RejectTold): void;
  lines(count: number): void;
  notice(key: string, value: unknown): void;
  /** The upload has ended and every line was read; may throw to fail the run. */
  inputEnded(): void;
}

/**
 * Takes the decoded upload and gives the aggregate's result. The first {@link HAND_OVER_BYTES}, and what comes until a
 * thread is there, run here; from the next line on, slices go out, and their states are merged into the same aggregate
 * in slice order. So at any time it holds what a prefix of the upload gives, which is what a snapshot shows. The run comes
 * back here, in its place in the order, when it is no longer `wanted` elsewhere, and for good where merging turns out to be
 * a good part of the work (nearly every row a group of its own).
 */
export class MapSegment implements AnyOperator {
  readonly #options: MapSegmentOptions;
  readonly #map: AnyOperator;
  readonly #aggregate: AnyOperator;
  #feed: SliceFeed | null = null;
  #bytes = 0;
  #longTurns = 0;
  #slices = 0;
  #workMs = 0;
  #mergeMs = 0;
  readonly #onAbort = () => this.#feed?.close(this.#options.signal.reason);

  constructor(options: MapSegmentOptions) {
    this.#options = options;
    this.#map = chain(options.operators.slice(0, -1).map((operator) => () => operator));
    this.#aggregate = options.operators.at(-1)!;
    options.signal.addEventListener("abort", this.#onAbort);
  }

  async push(chunk: Chunk): Promise<Outputs<Batch>> {
    const bytes = chunk as Uint8Array;
    if (this.#feed !== null && !this.#away) await this.#comeBack(this.#feed);
    const here = this.#feed === null ? this.#lengthHere(bytes) : 0;
    // The very object, of which the pipeline knows when it is spent.
    if (here > 0) await this.#pushHere(here === bytes.length ? bytes : bytes.subarray(0, here));
    if (here < bytes.length) {
      this.#feed ??= new SliceFeed({
        ...this.#options.feed,
        merge: (result, length) => this.#merge(result, length),
      });
      await this.#feed.push(bytes.subarray(here));
    }
    return NOTHING;
  }

  async *finish(): AsyncGenerator<Batch> {
    if (this.#feed !== null) await this.#feed.end();
    else {
      for await (const batch of this.#map.finish?.() ?? NOTHING) await this.#aggregate.push(batch);
    }
    this.#options.inputEnded();
    yield* this.#aggregate.finish?.() ?? NOTHING;
  }

  snapshot(): Iterable<Batch> {
    return this.#aggregate.snapshot?.() ?? NOTHING;
  }

  dispose(): void {
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    this.#feed?.close(new Error("The run is over"));
    this.#feed?.dispose();
    disposeAll([this.#map, this.#aggregate]);
  }

  /** Whether slices are to go out. */
  get #away(): boolean {
    const long = this.#feed !== null || this.#longTurns >= TURNS_TO_JUDGE;
    return this.#pays && this.#options.wanted(long);
  }

  get #pays(): boolean {
    return this.#slices < SLICES_TO_JUDGE || this.#mergeMs < this.#workMs * MOST_MERGE_SHARE;
  }

  async #comeBack(feed: SliceFeed): Promise<void> {
    const rest = await feed.leave();
    if (rest === null) return;
    this.#feed = null;
    feed.dispose();
    await this.#pushHere(rest);
  }

  async #pushHere(bytes: Uint8Array): Promise<void> {
    const started = performance.now();
    this.#bytes += bytes.length;
    for (const batch of await this.#map.push(bytes)) await this.#aggregate.push(batch);
    this.#longTurns = performance.now() - started < LONG_TURN_MS ? 0 : this.#longTurns + 1;
  }

  /** How much of `bytes` runs here: all, or the lines before the first slice. */
  #lengthHere(bytes: Uint8Array): number {
    const enough = this.#bytes + bytes.length > HAND_OVER_BYTES;
    if (!enough || !this.#away || !this.#options.available()) return bytes.length;
    const room = Math.max(1, HAND_OVER_BYTES - this.#bytes);
    const newline = bytes.indexOf(NEWLINE, room - 1);
    return newline < 0 ? bytes.length : newline + 1;
  }

  /** Adds a slice's result as if its lines had been read here just now. */
  #merge(result: SliceResult, length: number): void {
    const { tally, probes } = this.#options;
    const linesBefore = tally.lines;
    const bytesBefore = this.#bytes;
    tally.lines += result.lines + result.empty;
    tally.slicedLines += result.lines + result.empty;
    tally.slicedBytes += length;
    this.#bytes += length;
    result.figures.forEach((figures, index) => probes[index]!.add(figures));
    this.#options.lines(result.lines);
    for (const [key, value] of result.notices) this.#options.notice(key, value);
    for (const { reject, policy } of result.rejects) {
      this.#options.reject(shifted(reject, linesBefore, bytesBefore), { policy });
    }
    this.#addState(result);
  }

  #addState({ state, figures }: SliceResult): void {
    const probe = this.#options.probes.at(-1)!;
    const started = performance.now();
    probe.working();
    this.#aggregate.merge!(state);
    probe.resting();
    this.#slices++;
    this.#mergeMs += performance.now() - started;
    for (const { busyMs } of figures) this.#workMs += busyMs;
  }
}
