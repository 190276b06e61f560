/**
 * Streams: how an operator runs as a WHATWG TransformStream, and how two of them are joined.
 * Only this file, `waking_stream.ts`, the outbox and the intake construct streams; only `connect` pipes.
 * @module
 */
import type { Operator, Outputs } from "../stage.ts";
import type { Probe } from "./probe.ts";
import { admission } from "./slice.ts";
import type { Wake } from "./wake.ts";
import { wakingStream, type WakingStreamOptions } from "./waking_stream.ts";

/** A stage of a run: its transform stream, and what it still has to say when its input has ended. */
export interface StageStream<In, Out> extends TransformStream<In, Out> {
  /** Pulled after `readable` has closed, at the pace of whoever reads. */
  finish(): AsyncIterable<Out>;
  /** True once the stage wants no more input: its upstream is cancelled, which is not a failure. */
  readonly satisfied: boolean;
}

/** What the run asks of each stage stream. */
export interface StageStreamOptions<In, Out> {
  /** Rings when the operator has outputs to be taken. */
  readonly wake?: Wake;
  /** Called after each chunk; a promise holds the stage back until it resolves (a full outbox). */
  settle?(): Promise<void> | undefined;
  /** Called before and after a chunk is worked on, the latter with the number of slices that went on. */
  begin?(chunk: In): void;
  done?(slices: number): void;
  /** Called with the number of slices that went on with no chunk. */
  gave?(slices: number): void;
  /** Cuts an output into the slices that the next edge's bound wants. */
  slice?(output: Out): Iterable<Out>;
}

/**
 * Runs `operator` as a TransformStream whose input queue keeps `probe`'s bound. `transform` stays synchronous when the
 * operator does. The output side holds nothing by itself (high-water mark 0): a chunk is taken only when the stage
 * below has asked. What ends the input (`finish`) is left to {@link connect}, since `enqueue` inside `flush` would
 * ignore backpressure.
 */
export function stageStream<In, Out>(
  operator: Operator<In, Out>,
  probe: Probe,
  options: StageStreamOptions<In, Out> = {},
): StageStream<In, Out> {
  let satisfied = false;
  const slices = options.slice ?? ((output: Out) => [output]);
  /** Whether a chunk is being worked on, so that what comes next is what it gave. */
  let working = false;
  const taken = (chunk: In) => {
    working = true;
    probe.taken(chunk);
    options.begin?.(chunk);
  };
  const deliver = (
    outputs: readonly Out[],
    controller: Pick<TransformStreamDefaultController<Out>, "enqueue">,
  ): Promise<void> | undefined => {
    let given = 0;
    for (const output of outputs) {
      for (const slice of slices(output)) {
        controller.enqueue(slice);
        given++;
      }
    }
    if (working) options.done?.(given);
    else options.gave?.(given);
    working = false;
    return options.settle?.();
  };
  const queue: QueuingStrategy<In> = {
    highWaterMark: highWaterMarkOf(probe),
    size: (chunk) => probe.queued(chunk),
  };
  const satisfy = () => void (satisfied = true);
  const stream = operator.take === undefined || options.wake === undefined
    ? transformStream(operator, { queue, taken, deliver, satisfied: satisfy })
    : wakingStream(operator, { wake: options.wake, queue, taken, deliver, satisfied: satisfy });
  return {
    readable: stream.readable,
    writable: stream.writable,
    async *finish() {
      for await (const output of operator.finish?.() ?? []) yield* slices(output);
    },
    get satisfied() {
      return satisfied;
    },
  };
}

function transformStream<In, Out>(
  operator: Operator<In, Out>,
  options: Omit<WakingStreamOptions<In, Out>, "wake">,
): TransformStream<In, Out> {
  const deliver = (
    outputs: Outputs<Out>,
    controller: TransformStreamDefaultController<Out>,
  ): Promise<void> | undefined => {
    const settled = options.deliver(outputs, controller);
    if (operator.done) {
      options.satisfied();
      controller.terminate();
    }
    return settled;
  };
  return new TransformStream<In, Out>(
    {
      start(controller) {
        if (operator.done) {
          options.satisfied();
          controller.terminate();
        }
      },
      transform(chunk, controller) {
        options.taken(chunk);
        const outputs = operator.push(chunk);
        return outputs instanceof Promise
          ? outputs.then((ready) => deliver(ready, controller))
          : deliver(outputs, controller);
      },
    },
    options.queue,
    { highWaterMark: 0 },
  );
}

function highWaterMarkOf(probe: Probe): number {
  return probe.queueUnit === "rows"
    ? admission(probe.queueBound).highWaterMark
    : Math.max(1, probe.queueBound);
}

/** How two streams are joined. */
export interface ConnectOptions {
  readonly signal: AbortSignal;
  /** Whether a stage below has had enough; then the end of this edge is no failure. */
  readonly satisfied: () => boolean;
  /** Runs when `from` has given everything, before the edge is closed; may throw to fail it. */
  afterFinish?(): void;
}

/**
 * Moves everything from `from` to `to` under backpressure: its stream first, then what it finishes with, one by one.
 * Resolves when all is written and `to` is closed, or when a stage below is satisfied. A failure on either side
 * reaches the other as the same error and rejects.
 */
export async function connect<T>(
  from: Pick<StageStream<never, T>, "readable" | "finish">,
  to: WritableStream<T>,
  options: ConnectOptions,
): Promise<void> {
  try {
    await from.readable.pipeTo(to, { preventClose: true, signal: options.signal });
    const writer = to.getWriter();
    try {
      for await (const output of from.finish()) {
        await writer.ready;
        options.signal.throwIfAborted();
        // A failed write errors the stream, so that the next `ready` or `close` rejects with the same error.
        writer.write(output).catch(() => {});
      }
      options.afterFinish?.();
      // Of a stream that has failed by now, only `closed` tells with what.
      await writer.close().catch((fault) => writer.closed.then(() => Promise.reject(fault)));
    } catch (fault) {
      await writer.abort(fault).catch(() => {});
      throw fault;
    }
  } catch (fault) {
    if (options.satisfied()) return;
    throw fault;
  }
}
