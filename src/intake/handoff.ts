/**
 * The place where a push-style node stream meets a reader that pulls.
 * @module
 */

/** Chunks that may wait here before the node stream is paused; it holds up to two more itself. */
const MAX_WAITING = 2;

/** The part of a node stream that is used here. */
export interface Pausable {
  readonly readableLength: number;
  pause(): unknown;
  resume(): unknown;
  destroy(): unknown;
}

/**
 * A short queue between a node stream and one reader: pauses the stream when two chunks wait, resumes it when they
 * are taken, and destroys it at the end, on a fault and on close, which frees its native handle.
 * `Duplex.toWeb` will not do: on Deno 2.9.6 it took a gzip body of 9.8 MB whole for one read, and on both runtimes
 * a fault overtakes 150 KB of output that came before it.
 */
export class Handoff {
  #stream: Pausable;
  #waiting: Uint8Array[] = [];
  #outcome: { fault?: unknown } | undefined;
  #reader: (() => void) | undefined;
  #producer: (() => void) | undefined;

  constructor(stream: Pausable) {
    this.#stream = stream;
  }

  /** Whether it has ended, failed or been closed: nothing more can be put. */
  get closed(): boolean {
    return this.#outcome !== undefined;
  }

  put(chunk: Uint8Array): void {
    if (this.closed || chunk.byteLength === 0) return;
    this.#waiting.push(chunk);
    if (this.#waiting.length >= MAX_WAITING) this.#stream.pause();
    this.wake();
  }

  /** The clean end, after what waits. */
  end(): void {
    this.#settle({});
  }

  /** The fault, after what waits. Only the first outcome counts. */
  fail(fault: unknown): void {
    this.#settle({ fault });
  }

  /** Ends it at once: what waits is dropped, a pending take gives null. */
  close(): void {
    this.#waiting = [];
    this.#settle({});
  }

  /** The next chunk, null at the end; throws the fault once everything before it was taken. One take at a time. */
  async take(): Promise<Uint8Array | null> {
    for (;;) {
      const chunk = this.#waiting.shift();
      if (chunk !== undefined) {
        if (!this.closed) this.#stream.resume();
        this.#producer?.();
        return chunk;
      }
      if (this.#outcome !== undefined) {
        if ("fault" in this.#outcome) throw this.#outcome.fault;
        return null;
      }
      await new Promise<void>((resolve) => this.#reader = resolve);
    }
  }

  /** Resolves when the stream holds nothing back and another chunk may wait, or when closed. */
  room(): Promise<void> {
    return this.until(() =>
      this.#stream.readableLength === 0 && this.#waiting.length < MAX_WAITING
    );
  }

  /** Resolves when `condition` holds or this is closed; looked at again at every {@link wake}, put and take. */
  async until(condition: () => boolean): Promise<void> {
    while (!this.closed && !condition()) {
      await new Promise<void>((resolve) => this.#producer = resolve);
    }
  }

  /** Says that a condition somebody waits for may hold now. */
  wake(): void {
    this.#reader?.();
    this.#producer?.();
  }

  #settle(outcome: { fault?: unknown }): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#stream.destroy();
    this.wake();
  }
}
