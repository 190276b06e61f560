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

/**
 * Runs `operator`, whose calls never overlap. It works only while the stage below has asked for more: then it is given
 * the next chunk, or asked to `take` when it has rung. What it does at once is done within the write or the pull, so a
 * stage that need not wait costs no promise. Holds nothing but the input queue.
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

/** A chunk that was written: how it fared, and a promise of that only where it has to wait. */
class Written<In> {
  #passed = false;
  #fault: { readonly of: unknown } | null = null;
  #waiting: PromiseWithResolvers<void> | null = null;

  constructor(readonly chunk: In) {}

  pass(): void {
    this.#passed = true;
    this.#waiting?.resolve();
  }

  fail(fault: unknown): void {
    this.#fault ??= { of: fault };
    this.#waiting?.reject(fault);
  }

  /** What the sink's `write` gives. Throws the fault, when there is one already. */
  result(): Promise<void> | undefined {
    if (this.#fault !== null) throw this.#fault.of;
    if (this.#passed) return undefined;
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }
}

class Pump<In, Out> {
  input!: WritableStreamDefaultController;
  output!: ReadableStreamDefaultController<Out>;
  readonly #wake: Wake;
  #waiting: Written<In> | null = null;
  /** The operator is being called, or what it gave holds it back until that has settled. */
  #doing: "nothing" | "calling" | "settling" = "nothing";
  /** The reader has asked, and got nothing since. */
  #wanted = false;
  #closed = false;
  #over = false;
  #rung = false;

  constructor(
    readonly operator: Operator<In, Out>,
    readonly options: WakingStreamOptions<In, Out>,
  ) {
    this.#wake = options.wake;
    this.#wake.listen(() => this.#workSoon());
  }

  write(chunk: In): Promise<void> | undefined {
    const asked = this.#doing === "calling" || (this.#doing === "nothing" && this.#wanted);
    if (!asked && this.#offered(chunk)) return undefined;
    const written = new Written(chunk);
    this.#waiting = written;
    this.#work();
    return written.result();
  }

  close(): void {
    this.#closed = true;
    this.#work();
  }

  pull(): void {
    this.#wanted = true;
    this.#work();
  }

  fail(reason: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.output.error(reason);
  }

  cancel(reason: unknown): void {
    this.#over = true;
    this.#stopInput(reason);
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

  /** A bell may ring within a call of the operator, or of what is under way inside it: that is to be over first. */
  #workSoon(): void {
    if (this.#rung) return;
    this.#rung = true;
    queueMicrotask(() => {
      this.#rung = false;
      this.#work();
    });
  }

  /** Calls the operator as long as the reader wants something, nothing is under way, and there is something to call it for. */
  #work(): void {
    while (this.#wanted && this.#doing === "nothing" && !this.#over) {
      const waiting = this.#waiting;
      if (this.operator.done) this.#satisfy();
      else if (this.#wake.answered()) this.#call(null);
      else if (waiting !== null && !this.operator.full) {
        this.#waiting = null;
        this.options.taken(waiting.chunk);
        this.#call(waiting);
      } else if (waiting === null && this.#closed) this.#end();
      else return;
    }
  }

  /** Pushes what was written, or takes. */
  #call(written: Written<In> | null): void {
    this.#doing = "calling";
    try {
      const { operator } = this;
      const outputs = written === null ? operator.take!() : operator.push(written.chunk);
      if (!(outputs instanceof Promise)) return this.#given(outputs, written);
      outputs.then((ready) => this.#given(ready, written)).then(
        () => this.#work(),
        (fault) => this.#broken(fault, written),
      );
    } catch (fault) {
      this.#broken(fault, written);
    }
  }

  #given(outputs: Outputs<Out>, written: Written<In> | null): void {
    written?.pass();
    if (this.#over) return;
    this.#doing = "settling";
    if (outputs.length > 0) this.#wanted = false;
    this.#letIn();
    const settling = this.options.deliver(outputs, this.output);
    if (settling === undefined) return this.#settled();
    settling.then(() => {
      this.#settled();
      this.#work();
    }).catch((fault) => this.#broken(fault, null));
  }

  #settled(): void {
    this.#doing = "nothing";
    if (this.operator.done && !this.#over) this.#satisfy();
  }

  /** A chunk that waited while the operator was full is offered as soon as it is not. */
  #letIn(): void {
    const waiting = this.#waiting;
    if (waiting === null || !this.#offered(waiting.chunk)) return;
    this.#waiting = null;
    waiting.pass();
  }

  #broken(fault: unknown, written: Written<In> | null): void {
    written?.fail(fault);
    this.fail(fault);
    this.#stopInput(fault);
  }

  #end(): void {
    this.#over = true;
    this.output.close();
  }

  #satisfy(): void {
    this.options.satisfied();
    this.#end();
    this.#stopInput(new TypeError("The stage wants no more input"));
  }

  #stopInput(reason: unknown): void {
    this.input.error(reason);
    this.#waiting?.fail(reason);
  }
}
