/**
 * One part of a resumable upload at work: its plan restored from the last checkpoint, fed, and saved again.
 * @module
 */
import { encodeState } from "../checkpoint/encode.ts";
import type { CheckpointStore } from "../checkpoint/store.ts";
import { clientGone, type RunError, toRunError } from "../errors.ts";
import { Outbox } from "../pipeline/outbox.ts";
import type { RunReport, RunState, StageEvent } from "../pipeline/report.ts";
import type { Stopping } from "../pipeline/stopping.ts";
import { Watch } from "../pipeline/watch.ts";
import { ChainedPlan, type ChainedPlanInput } from "./chained_plan.ts";
import { type SavedRun, UploadBook } from "./upload_book.ts";
import type { UploadHead } from "./upload_head.ts";

/** A checkpoint takes at most this share of the time, however large the state. */
const MOST_SAVING_SHARE = 0.1;

/** What a part works with. */
export interface ResumableInput extends ChainedPlanInput {
  readonly head: UploadHead;
  /** What was saved last; null at the very beginning. */
  readonly state: SavedRun | null;
  readonly store: CheckpointStore;
  /** Milliseconds between checkpoints while bytes come in. */
  readonly intervalMs: number;
  onEvent?(event: StageEvent): void;
  /** Called once, when nothing of this part is left in memory. */
  onEnd?(report: RunReport): void;
}

/**
 * A run of its own kind: between two chunks everything that came in has been digested, so that a checkpoint (all states
 * and the offset, in one transaction) can be taken then. Rows that come before the end go into the store with it. Holds
 * the stages' state, and up to 1 MiB of rows between checkpoints.
 * First {@link ResumableRun.take}, then, when that was the last part, {@link ResumableRun.finish}.
 */
export class ResumableRun {
  readonly id: string;
  /** Resolves with the figures when nothing is left in memory. Never rejects. */
  readonly ended: Promise<RunReport>;
  readonly #input: ResumableInput;
  readonly #ended = Promise.withResolvers<RunReport>();
  readonly #abort = new AbortController();
  readonly #book: UploadBook;
  readonly #plan: ChainedPlan;
  readonly #watch: Watch;
  readonly #started = performance.now();
  #head: UploadHead;
  #offset: number;
  #nextSave = 0;
  #outbox: Outbox | null = null;
  #state: RunState = "running";
  #error: RunError | null = null;

  /** Throws what the state cannot be restored for. */
  constructor(input: ResumableInput) {
    const { head, state, limits, resources: { clock } } = input;
    this.#input = input;
    this.id = head.id;
    this.ended = this.#ended.promise;
    this.#head = head;
    this.#offset = head.offset;
    this.#book = new UploadBook(head, limits, input.onEvent);
    if (state !== null) this.#book.restore(state);
    this.#plan = new ChainedPlan(input, this.#book, this.#abort.signal, state?.stages ?? null);
    this.#watch = new Watch({
      clock,
      stallMs: limits.stallTimeoutMs,
      expire: (error) => this.cancel(error),
    });
  }

  /** What is known of the upload as it was saved last. */
  get head(): UploadHead {
    return this.#head;
  }

  /** Whether bytes are being taken, and not yet results read. */
  get taking(): boolean {
    return this.#state === "running" && this.#outbox === null;
  }

  /** The figures of this part, so that those of all parts add up. */
  report(): RunReport {
    const bytes = this.#offset - this.#input.head.offset;
    return {
      id: this.id,
      state: this.#state,
      error: this.#error,
      pipeline: this.#head.pipeline,
      name: this.#head.name,
      startedAt: this.#head.createdAt,
      durationMs: Math.round(performance.now() - this.#started),
      wireBytes: bytes,
      bytes,
      ...this.#book.added,
      ...this.#plan.figures(),
      events: this.#book.events.all(),
    };
  }

  /** Calls `listener` for each event from now on; the function that is returned ends that. */
  listen(listener: (event: StageEvent) => void): () => void {
    return this.#book.events.listen(listener);
  }

  /** Ends the part with `error`. What was digested is saved first, and the error tells where to go on. */
  cancel(error: RunError): void {
    if (this.#state !== "running" || this.#abort.signal.aborted) return;
    this.#abort.abort(error);
    if (this.#outbox === null) return;
    this.#error = this.#book.told(error, this.#head);
    this.#outbox.fail(this.#error, this.#book.envelope.error(this.#error));
  }

  /** Told in the last notice of a result that is still to come or being read, and in the error of what is cut. */
  stopping(how: Stopping): void {
    this.#book.stopping = how;
  }

  /**
   * Digests `body` at its offset, with checkpoints in between and one at the end; with `last` the upload is complete
   * when no other length was told. When the body breaks off, what came of it is kept.
   * Rejects with the RunError of the part, its details `upload` and `offset`.
   */
  async take(body: ReadableStream<Uint8Array>, last: boolean): Promise<void> {
    const reader = body.getReader();
    const { signal } = this.#abort;
    const stop = () => void reader.cancel(signal.reason).catch(() => {});
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    this.#nextSave = performance.now() + this.#input.intervalMs;
    let whole = true;
    try {
      for (;;) {
        const { done, value } = await reader.read();
        signal.throwIfAborted();
        if (done) break;
        whole = false;
        await this.#digest(value);
        whole = true;
      }
      this.#save(last && (this.#head.length ?? this.#offset) === this.#offset);
    } catch (fault) {
      const error = this.#broken(fault, whole);
      await reader.cancel(error).catch(() => {});
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
    }
    if (!this.#head.complete) this.#settle("parked");
  }

  /**
   * The results of the complete upload, from its first row on; may be asked for again of another instance, since the
   * state that is kept is that of before the end. Rejects with the RunError of what the end of the input brings up.
   */
  async finish(): Promise<ReadableStream<Uint8Array>> {
    try {
      await this.#plan.endInput();
      this.#abort.signal.throwIfAborted();
    } catch (fault) {
      throw this.#fail(fault);
    }
    const closed = Promise.withResolvers<void>();
    this.#outbox = new Outbox(
      () => this.#watch.touch(),
      (reason) => this.cancel(clientGone(reason)),
      () => closed.resolve(),
    );
    void this.#deliver(this.#outbox, closed.promise);
    return this.#outbox.readable;
  }

  async #deliver(outbox: Outbox, closed: Promise<void>): Promise<void> {
    try {
      for await (const piece of this.#results()) {
        outbox.add(piece);
        await outbox.room();
        this.#watch.touch();
        this.#abort.signal.throwIfAborted();
      }
      outbox.end();
    } catch (fault) {
      this.cancel(toRunError(fault));
    }
    await closed;
    this.#settle(this.#error === null ? "complete" : "failed");
  }

  /** What was kept of rows before the end, then the rest. */
  async *#results(): AsyncGenerator<Uint8Array> {
    yield* this.#input.store.log(this.id);
    yield this.#book.output.take();
    for await (const batch of this.#plan.results()) yield* this.#book.encode(batch);
    const { offset } = this.#head;
    yield* this.#book.closing({ ...this.report(), bytes: offset, wireBytes: offset }, this.#head);
  }

  async #digest(chunk: Uint8Array): Promise<void> {
    this.#watch.touch();
    await this.#plan.push(chunk);
    this.#offset += chunk.length;
    if (performance.now() >= this.#nextSave || this.#book.output.full) this.#save(false);
  }

  /** Between two chunks: nothing is under way, so the states of all stages are those of this offset. */
  #save(complete: boolean): void {
    const started = performance.now();
    const state: SavedRun = { ...this.#book.save(), stages: this.#plan.save() };
    const head = { ...this.#head, ...this.#book.counts, offset: this.#offset, complete };
    const checkpoint = { head: JSON.stringify(head), state: encodeState(state) };
    this.#input.store.put(this.id, checkpoint, this.#book.output.take());
    this.#head = head;
    const now = performance.now();
    this.#nextSave = now + Math.max(this.#input.intervalMs, (now - started) / MOST_SAVING_SHARE);
  }

  /** The part has ended early; what it digested is saved when no chunk was under way. */
  #broken(fault: unknown, whole: boolean): RunError {
    try {
      if (whole) this.#save(false);
      return this.#fail(fault);
    } catch (second) {
      return this.#fail(second);
    }
  }

  #fail(fault: unknown): RunError {
    this.#error ??= this.#book.told(toRunError(fault), this.#head);
    this.#settle("failed");
    return this.#error;
  }

  #settle(state: RunState): void {
    if (this.#state !== "running") return;
    this.#state = state;
    this.#watch.stop();
    try {
      this.#plan.dispose();
    } catch (fault) {
      this.#state = "failed";
      this.#error ??= this.#book.told(toRunError(fault), this.#head);
    }
    const report = this.report();
    this.#input.onEnd?.(report);
    this.#ended.resolve(report);
  }
}
