/**
 * The outbox: the one bounded queue between a run and its response. Rows wait for room; snapshots and progress are
 * only made when there is room, so a slow reader never stalls or swells them.
 * @module
 */
import { joined } from "../batch/bytes.ts";
import type { RunError } from "../errors.ts";

/** How many bytes of results may wait for the reader before the pipeline waits too. */
const OUTBOX_BYTES = 256 * 1024;
/** What is given in one piece when all of it is there. */
const TAKEN_BYTES = 64 * 1024;
/** How long a failed run's last line may wait for its reader before the connection is cut without it. */
const LAST_LINE_MS = 5_000;

/** A queue of result bytes with a reader (`readable`) that is pulled by the transport and never read ahead. */
export class Outbox {
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #state: "open" | "ended" | "failed" | "closed" = "open";
  #error: RunError | null = null;
  #room: PromiseWithResolvers<void> | null = null;
  #news: PromiseWithResolvers<void> | null = null;
  #lastLine: ReturnType<typeof setTimeout> | undefined;
  #readable: ReadableStream<Uint8Array> | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  /**
   * `onRead` is called when the reader takes bytes, `onClose` once when nothing more can reach it: with null when all was
   * read, else with the reason.
   */
  constructor(
    readonly onRead: () => void,
    readonly onCancel: (reason: unknown) => void,
    readonly onClose: () => void,
  ) {}

  /** What the transport pulls; made when first asked for. */
  get readable(): ReadableStream<Uint8Array> {
    return this.#readable ??= new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
        if (this.#state !== "closed") return;
        if (this.#error === null) controller.close();
        else controller.error(this.#error);
      },
      pull: (controller) => this.#pull(controller),
      cancel: (reason) => {
        this.onCancel(reason);
        this.#close();
      },
    }, { highWaterMark: 0 });
  }

  /** Takes everything at once and closes; null when more may come, when it did not end well, or when it is not little. */
  takeAll(): Uint8Array | null {
    if (this.#state !== "ended" || this.#bytes > TAKEN_BYTES) return null;
    const bytes = this.#take();
    this.#close();
    return bytes;
  }

  /** Nothing waits for the reader. */
  get empty(): boolean {
    return this.#bytes === 0;
  }

  /** Adds bytes whether there is room or not; for what is rare and small. */
  add(bytes: Uint8Array): void {
    if (this.#state !== "open" || bytes.byteLength === 0) return;
    this.#chunks.push(bytes);
    this.#bytes += bytes.byteLength;
    this.#news?.resolve();
  }

  /** Adds each of `pieces` when there is room for it; undefined when all are added, and there is room for more, on return. */
  addAll(pieces: Iterator<Uint8Array>): Promise<void> | undefined {
    while (this.#state === "open") {
      const room = this.room();
      if (room !== undefined) return room.then(() => this.addAll(pieces));
      const next = pieces.next();
      if (next.done) return undefined;
      this.add(next.value);
    }
    return undefined;
  }

  /** Resolves when the outbox is below its bound, at once when it is; undefined in that case. */
  room(): Promise<void> | undefined {
    if (this.#bytes < OUTBOX_BYTES || this.#state === "closed") return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** No more will be added: the body ends properly once all is read. */
  end(): void {
    if (this.#state === "open") this.#state = "ended";
    this.#news?.resolve();
  }

  /**
   * The run failed: what waits, with `lastLine` behind it, may still be read, then the body errors and is cut. A reader
   * that does not come for it in {@link LAST_LINE_MS} is cut off.
   */
  fail(error: RunError, lastLine: Uint8Array): void {
    if (this.#state !== "open" && this.#state !== "ended") return;
    this.#state = "open";
    this.add(lastLine);
    this.#state = "failed";
    this.#error = error;
    this.#news?.resolve();
    this.#lastLine = setTimeout(() => this.#cut(), LAST_LINE_MS);
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    while (this.#bytes === 0) {
      if (this.#state === "failed") return this.#cut();
      if (this.#state === "ended") {
        controller.close();
        return this.#close();
      }
      if (this.#state === "closed") return;
      this.#news = Promise.withResolvers();
      await this.#news.promise;
    }
    const bytes = this.#take();
    this.onRead();
    this.#room?.resolve();
    this.#room = null;
    controller.enqueue(bytes);
  }

  #take(): Uint8Array {
    const bytes = joined(this.#chunks, this.#bytes);
    this.#chunks = [];
    this.#bytes = 0;
    return bytes;
  }

  #cut(): void {
    if (this.#state === "closed") return;
    this.#controller?.error(this.#error);
    this.#close();
  }

  #close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    clearTimeout(this.#lastLine);
    this.#chunks = [];
    this.#bytes = 0;
    this.#room?.resolve();
    this.#news?.resolve();
    this.onClose();
  }
}
