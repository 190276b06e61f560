/**
 * An upload that is still coming: the stages as streams, piped one into the next.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { AssembledStage } from "./assemble.ts";
import type { Chunk } from "./chain.ts";
import { joined } from "./joined.ts";
import { sliceTo } from "./slice.ts";
import { Spending } from "./spent.ts";
import { connect, stageStream } from "./stage_stream.ts";

/** What the streams are asked for. */
export interface StreamedOptions {
  readonly signal: AbortSignal;
  /**
   * Called after each chunk of each stage; a promise holds the stage back until it resolves. `unheld` is a stage above one
   * that drops rather than waits, so a slow reader does not hold it.
   */
  settle(unheld: boolean): Promise<void> | undefined;
  /** Takes what comes out of the last stage; a promise holds everything back, and the batch is read, until it resolves. */
  write(batch: Batch): Promise<void> | undefined;
  /** Runs when the first stage has given everything; may throw. */
  afterFirst(): void;
}

/**
 * The pipes: upload to first stage, stage to stage, last stage to `write`. Each resolves when it has moved everything,
 * or when a stage below wants no more, and rejects with what went wrong.
 */
export function streamed(
  assembled: readonly AssembledStage[],
  upload: ReadableStream<Uint8Array>,
  { signal, settle, write, afterFirst }: StreamedOptions,
): Promise<void>[] {
  const stages = joined(assembled);
  const spending = new Spending(stages);
  const dropping = stages.findLastIndex(({ operator }) => operator.offer !== undefined);
  const streams = stages.map(({ operator, probe, wake }, index) =>
    stageStream<Chunk, Batch>(operator, probe, {
      wake,
      settle: () => both(stages[index]!.room(), settle(index < dropping)),
      ...(index === 0 && { begin: (chunk: Chunk) => spending.begin(chunk) }),
      done: (outputs) => spending.done(index, outputs),
      gave: (outputs) => spending.gave(index, outputs),
      ...sliceTo(stages[index + 1]?.probe),
    })
  );
  const writeLast = (batch: Batch) => {
    const done = () => spending.done(stages.length, 0);
    const written = write(batch);
    return written === undefined ? done() : written.then(done);
  };
  const satisfiedFrom = (index: number) => () =>
    streams.slice(index).some((stream) => stream.satisfied);
  const edges = streams.map((stream, index) => {
    const next = streams[index + 1]?.writable ?? new WritableStream<Batch>({ write: writeLast });
    return connect(stream, next as WritableStream<Batch>, {
      signal,
      satisfied: satisfiedFrom(index + 1),
      ...(index === 0 && { afterFinish: afterFirst }),
    }).finally(() => stages[index]!.over());
  });
  const first: WritableStream<Uint8Array> = streams[0]!.writable;
  const uploaded = upload.pipeTo(first, { signal }).catch((fault) => {
    if (!satisfiedFrom(0)()) throw fault;
  });
  return [uploaded, ...edges];
}

function both(
  first: Promise<void> | undefined,
  second: Promise<void> | undefined,
): Promise<void> | undefined {
  if (first === undefined) return second;
  return second === undefined ? first : first.then(() => second);
}
