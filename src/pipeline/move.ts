/**
 * Which way an upload takes through the stages.
 * @module
 */
import type { AssembledStage } from "./assemble.ts";
import type { SignalSource } from "./lazy_abort.ts";
import { isStraight, straight } from "./straight.ts";
import { streamed, type StreamedOptions } from "./streamed.ts";

/** What moving asks of the run. */
export interface MoveOptions extends Omit<StreamedOptions, "signal"> {
  readonly abort: SignalSource;
  /** Told of each failure; after the first one everything ends by `abort`. */
  fail(fault: unknown): void;
}

/**
 * Moves `upload` through `stages`: one that is here as a whole by direct calls, any other as it comes through streams.
 * Undefined when that is done already; else it resolves when nothing moves any more, and never rejects.
 */
export function move(
  stages: readonly AssembledStage[],
  upload: ReadableStream<Uint8Array> | Uint8Array,
  options: MoveOptions,
): Promise<void> | undefined {
  const failed = (fault: unknown) => options.fail(fault);
  try {
    const whole = upload instanceof Uint8Array;
    if (whole && isStraight(stages)) return straight(stages, upload, options)?.catch(failed);
    const coming = whole ? new Blob([upload as BlobPart]).stream() : upload;
    const edges = streamed(stages, coming, { ...options, signal: options.abort.signal });
    return Promise.all(edges.map((edge) => edge.catch(failed))).then(() => {});
  } catch (fault) {
    return void failed(fault);
  }
}
