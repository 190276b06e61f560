/**
 * The shape of a stage, and the one place where the library makes streams. Every other file says what to do with an item.
 * @module
 */

import { type Watchable, watchable, type Watcher, watchWrite } from "./watch.ts";

/** A pair of streams: what is written comes out of `readable`, changed. A TransformStream is one. */
export interface Stage<In, Out> {
  readonly readable: ReadableStream<Out>;
  readonly writable: WritableStream<In>;
}

/** What a user does to an item. `signal` aborts when nobody waits for the result any more. */
export type Work<In, Out> = (item: In, signal: AbortSignal) => Out | Promise<Out>;

/** The reason with which a stage that has all it wants refuses more: no failure, its reader gets a proper end. */
export class StageFinished extends Error {
  override readonly name = "StageFinished";
  constructor() {
    super("The stage has all the items it wants");
  }
}

/** How a stage gives items to its reader, and ends. */
export interface Output<Out> {
  /** Whether another item keeps the bound. */
  readonly room: boolean;
  /** Whether it is over: what is pushed now goes nowhere. */
  readonly ended: boolean;
  /** Aborts, with the reason, when the stage ends before its input does. Made when first asked for. */
  readonly signal: AbortSignal;
  /** Gives an item, whether there is room or not. */
  push(item: Out): void;
  /** Resolves when the reader has taken something, or at the end. Look at `room` again then. */
  ready(): Promise<void>;
  /** Ends reader and writer with the same error. Only the first end counts. */
  fail(error: unknown): void;
  /** Ends the reader properly, and tells the writer with {@link StageFinished} that no more is wanted. */
  finish(): void;
}

/** What a stage does. What it throws or rejects with ends both sides. */
export interface Handler<In> {
  /** Takes an item. The next comes when it has returned, and what it returned has resolved. */
  write(item: In): void | Promise<void>;
  /** The input has ended: gives what is left. */
  close?(): void | Promise<void>;
  /** The reader wants more. */
  pull?(): void;
  /** It is over, for whatever reason. Called once; stops timers, lets go of what was opened. */
  dispose?(reason: unknown): void;
}

/** How a stage is made. */
export interface StageOptions {
  /** Whether a write waits until the reader has room again. False: the handler waits itself. Default true. */
  readonly paced?: boolean;
}

/**
 * Makes a stage of a handler. It holds one item that its reader has not taken, and what the handler keeps. A sync handler
 * whose reader waits costs no promise.
 */
export function createStage<In, Out>(
  make: (output: Output<Out>) => Handler<In>,
  options: StageOptions = {},
): Stage<In, Out> {
  const { readable, writable } = new StageCore(make, options.paced ?? true);
  return { readable, writable };
}

/** Makes a stream that `run` fills until it is done; `dispose` is called once, however that ends. */
export function createReadable<Out>(
  run: (output: Output<Out>) => Promise<void>,
  dispose: (reason: unknown) => void,
): ReadableStream<Out> {
  return createStage<never, Out>((output) => {
    run(output).then(() => output.finish(), (error) => output.fail(error));
    return { write: () => {}, dispose };
  }).readable;
}

/** Pushes `item` when there is room: at once, or when the promise resolves. */
export function give<Out>(output: Output<Out>, item: Out): void | Promise<void> {
  if (output.room) output.push(item);
  else return giveLater(output, item);
}

async function giveLater<Out>(output: Output<Out>, item: Out): Promise<void> {
  while (!output.room && !output.ended) await output.ready();
  output.push(item);
}

/** For promises whose failure is told elsewhere. */
export function ignore(): void {}

class StageCore<In, Out> implements Stage<In, Out>, Output<Out>, Watchable {
  readonly readable: ReadableStream<Out>;
  readonly writable: WritableStream<In>;
  ended = false;
  readonly watchers: Watcher[] = [];
  readonly #paced: boolean;
  readonly #handler: Handler<In> | undefined;
  #reader!: ReadableStreamDefaultController<Out>;
  #writer!: WritableStreamDefaultController;
  #waiting: (() => void)[] = [];
  #abort: AbortController | null = null;
  #reason: unknown;
  /** Ends the write or close that is under way, whatever its handler waits for. */
  #release: ((reason: unknown) => void) | null = null;

  constructor(make: (output: Output<Out>) => Handler<In>, paced: boolean) {
    this.#paced = paced;
    this.readable = new ReadableStream<Out>({
      start: (controller) => {
        this.#reader = controller;
      },
      pull: () => this.#pulled(),
      cancel: (reason) => this.#end(reason, "reader"),
    }, { highWaterMark: 1 });
    this.writable = new WritableStream<In>({
      start: (controller) => {
        this.#writer = controller;
        // The abort callback comes only after the write under way; the signal comes at once.
        const { signal } = controller;
        signal.addEventListener("abort", () => this.#end(signal.reason, "writer"));
      },
      write: (item) => this.#write(item),
      close: () => this.#close(),
      abort: (reason) => this.#end(reason, "writer"),
    }, { highWaterMark: 1 });
    watchable(this);
    this.#handler = make(this);
    if (this.ended) this.#handler.dispose?.(this.#reason);
  }

  get room(): boolean {
    return !this.ended && this.#reader.desiredSize! > 0;
  }

  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.ended) this.#abort.abort(this.#reason);
    }
    return this.#abort.signal;
  }

  push(item: Out): void {
    if (this.ended) return;
    this.#reader.enqueue(item);
    for (const watcher of this.watchers) watcher.gave?.();
  }

  ready(): Promise<void> {
    if (this.ended || this.room) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  fail(error: unknown): void {
    this.#end(error, null);
  }

  finish(): void {
    if (this.ended) return;
    this.#reader.close();
    this.#end(new StageFinished(), "reader");
  }

  #write(item: In): void | Promise<void> {
    if (this.ended) return;
    if (this.watchers.length === 0) return this.#handle(item);
    return watchWrite(this.watchers, () => this.#handle(item));
  }

  #handle(item: In): void | Promise<void> {
    let waiting: void | Promise<void>;
    try {
      waiting = this.#handler!.write(item);
    } catch (error) {
      this.fail(error);
      throw error;
    }
    // Not `undefined`: a callback of the user may return anything where nothing is asked of it.
    if (waiting instanceof Promise) {
      return this.#guard(this.#paced ? waiting.then(() => this.ready()) : waiting);
    }
    if (this.#paced && !this.room && !this.ended) return this.#guard(this.ready());
  }

  async #close(): Promise<void> {
    const rest = this.#handler!.close;
    if (rest !== undefined) {
      await this.#guard((async () => await rest.call(this.#handler))());
    }
    if (this.ended) return;
    this.#reader.close();
    this.#over(undefined, true);
  }

  #guard(work: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#release = reject;
      work.then(() => {
        this.#release = null;
        resolve();
      }, (error) => this.fail(error));
    });
  }

  #pulled(): void {
    if (this.#waiting.length > 0) this.#wake();
    this.#handler?.pull?.();
    for (const watcher of this.watchers) watcher.taken?.();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** `from` is the side that knows already. */
  #end(reason: unknown, from: "reader" | "writer" | null): void {
    if (this.ended) return;
    if (from !== "reader") this.#reader.error(reason);
    if (from !== "writer") this.#writer.error(reason);
    this.#over(reason, reason instanceof StageFinished);
    this.#release?.(reason);
    this.#abort?.abort(reason);
  }

  #over(reason: unknown, well: boolean): void {
    this.ended = true;
    this.#reason = reason;
    this.#wake();
    this.#handler?.dispose?.(reason);
    for (const watcher of this.watchers) watcher.ended?.(well);
  }
}
