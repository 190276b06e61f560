/**
 * How an operator runs that has outputs of its own accord: as a pair of streams, since a TransformStream cannot tell
 * whether somebody waits for output.
 * @module
 */
import type { Operator, Outputs } from "../stage.ts";
import type { Wake } from "./wake.ts";

/** What the pipeline asks of a {@link wakingStream}. */
export interface WakingStreamOptions<In, Out> {
  readonly wake: Wake;
  /** The bound of the input queue. */
  readonly queue: QueuingStrategy<In>;
  /** Called when a chunk leaves the queue. */
  taken(chunk: In): void;
  /** What is to be passed on of an operator's outputs. */
  deliver(
    outputs: Outputs<Out>,
    controller: Pick<ReadableStreamDefaultController<Out>, "enqueue">,
  ): Promise<void> | undefined;
  /** Called when the operator wants no more input. */
  satisfied(): void;
}

interface Waiting<In> {
  readonly chunk: In;
  readonly passed: PromiseWithResolvers<void>;
}

/**
 * Runs `operator`, whose calls never overlap. It works only while the stage below has asked for more: then it is given
 * the next chunk, or asked to `take` when it has rung. Holds nothing but the input queue.
 */
export function wakingStream<In, Out>(
  operator: Operator<In, Out>,
  options: WakingStreamOptions<In, Out>,
): TransformStream<In, Out> {
  const pump = new Pump(operator, options);
  return {
    writable: new WritableStream<In>({
      write: (chunk) => pump.write(chunk),
      close: () => pump.close(),
      abort: (reason) => pump.fail(reason),
      start: (controller) => void (pump.input = controller),
    }, options.queue),
    readable: new ReadableStream<Out>({
      start: (controller) => void (pump.output = controller),
      pull: () => pump.pull(),
      cancel: (reason) => pump.cancel(reason),
    }, { highWaterMark: 0 }),
  };
}

class Pump<In, Out> {
  input!: WritableStreamDefaultController;
  output!: ReadableStreamDefaultController<Out>;
  readonly #wake: Wake;
  #waiting: Waiting<In> | null = null;
  /** Whether the operator is being called, or is to be called with what comes next. */
  #asked = false;
  #closed = false;
  #over = false;
  /** Resolves with outputs, or with null when something has changed. */
  #news: PromiseWithResolvers<Outputs<Out> | null> | null = null;

  constructor(
    readonly operator: Operator<In, Out>,
    readonly options: WakingStreamOptions<In, Out>,
  ) {
    this.#wake = options.wake;
    this.#wake.listen(() => this.#notify());
  }

  write(chunk: In): Promise<void> | undefined {
    if (!this.#asked && this.#offered(chunk)) return undefined;
    if (this.#news !== null && !this.operator.full) return this.#pushNow(chunk, this.#news);
    this.#waiting = { chunk, passed: Promise.withResolvers() };
    this.#notify();
    return this.#waiting.passed.promise;
  }

  close(): void {
    this.#closed = true;
    this.#notify();
  }

  fail(reason: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.output.error(reason);
    this.#notify();
  }

  cancel(reason: unknown): void {
    this.#over = true;
    this.input.error(reason);
    this.#waiting?.passed.reject(reason);
    this.#notify();
  }

  /** Pushes a chunk that was waited for, without a turn in between. */
  #pushNow(chunk: In, news: PromiseWithResolvers<Outputs<Out> | null>): Promise<void> | undefined {
    this.#news = null;
    this.options.taken(chunk);
    try {
      const outputs = this.operator.push(chunk);
      news.resolve(outputs);
      return outputs instanceof Promise ? outputs.then(() => {}) : undefined;
    } catch (fault) {
      news.reject(fault);
      throw fault;
    }
  }

  /** Gives the chunk to an operator that takes it while nobody asks; tells whether it did. */
  #offered(chunk: In): boolean {
    const { operator } = this;
    if (operator.offer === undefined || operator.full || operator.done || this.#over) return false;
    this.options.taken(chunk);
    try {
      operator.offer(chunk);
    } catch (fault) {
      this.fail(fault);
      throw fault;
    }
    return true;
  }

  /** Works until there is an output or the end: `pull` is called again only when somebody waits for more. */
  async pull(): Promise<void> {
    try {
      while (!this.#over) {
        if (this.operator.done) return this.#satisfy();
        this.#asked = true;
        const outputs = await this.#next();
        this.#asked = false;
        if (outputs === null) return this.#end();
        if (this.#over) return;
        this.#letIn();
        const settled = this.options.deliver(outputs, this.output);
        if (settled !== undefined) await settled;
        if (outputs.length > 0 && !this.operator.done) return;
      }
    } catch (fault) {
      this.#over = true;
      this.input.error(fault);
      this.#waiting?.passed.reject(fault);
      throw fault;
    }
  }

  /** A chunk that waited while the operator was full is offered as soon as it is not. */
  #letIn(): void {
    const waiting = this.#waiting;
    if (waiting === null || !this.#offered(waiting.chunk)) return;
    this.#waiting = null;
    waiting.passed.resolve();
  }

  /** What comes next, whichever side it comes from; null at the end of the input. */
  async #next(): Promise<Outputs<Out> | null> {
    while (!this.#over) {
      if (this.#wake.answered()) return await this.operator.take!();
      const waiting = this.#waiting;
      if (waiting !== null && !this.operator.full) {
        this.#waiting = null;
        this.options.taken(waiting.chunk);
        try {
          return await this.operator.push(waiting.chunk);
        } finally {
          waiting.passed.resolve();
        }
      }
      if (this.#closed) return null;
      this.#news = Promise.withResolvers();
      const outputs = await this.#news.promise;
      if (outputs !== null) return outputs;
    }
    return [];
  }

  #notify(): void {
    this.#news?.resolve(null);
    this.#news = null;
  }

  #end(): void {
    this.#over = true;
    this.output.close();
  }

  #satisfy(): void {
    this.#over = true;
    this.options.satisfied();
    this.output.close();
    const reason = new TypeError("The stage wants no more input");
    this.input.error(reason);
    this.#waiting?.passed.reject(reason);
  }
}
