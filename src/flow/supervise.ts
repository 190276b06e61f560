import { pause, systemClock, type Timed } from "./clock.ts";
import { pump } from "./lanes.ts";
import { backoffOf } from "./retry.ts";
import { createStage, ignore, type Stage, StageFinished } from "./stage.ts";

/** How often a stage is started again, and what becomes of the item it failed on. */
export interface SuperviseOptions<In> extends Timed {
  /** Most restarts in all; the failure after the last one ends both ends. */
  readonly restarts: number;
  /** First pause, in milliseconds; each is about twice the one before. Default 100. */
  readonly backoffMs?: number;
  /** Longest pause. Default 30000. */
  readonly maxBackoffMs?: number;
  /** Whether pauses are spread. Default true. */
  readonly jitter?: boolean;
  /** The item that it failed on: left out (the default), or given to the next stage. */
  readonly item?: "drop" | "again";
  /** Told of every restart, with the item that was under way, if any. */
  readonly onRestart?: (error: unknown, restart: number, item: In | undefined) => void;
}

/**
 * A stage that is made anew when it fails, after a pause, while those above and below wait. `create` may give the new one
 * the state it had, from where `checkpoint` stores it. Items are given one at a time, each when the one before is done, so
 * a stage that works one at a time loses at most the one it failed on; what one that holds several holds is lost.
 * Memory: what the stage holds, and one item.
 *
 * @example A stage with a bug
 * ```ts
 * import { collect, from, map, supervise } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const lost: unknown[] = [];
 * const sizes = supervise(() => map((text: string | null) => text!.length), {
 *   restarts: 5,
 *   backoffMs: 1,
 *   onRestart: (_error, _restart, item) => lost.push(item),
 * });
 * assert.deepEqual(await collect(from(["a", null, "bb"]).pipeThrough(sizes)), [1, 2]);
 * assert.deepEqual(lost, [null]);
 * ```
 */
export function supervise<In, Out>(
  create: (restart: number) => Stage<In, Out>,
  options: SuperviseOptions<In>,
): Stage<In, Out> {
  const { clock = systemClock, onRestart, restarts } = options;
  return createStage((output) => {
    let restart = 0;
    let backoff = backoffOf(options).next(undefined);
    let inner = new Inner(create(0));
    let failure: { readonly error: unknown } | null = null;
    let pumping = start();

    /** Resolves when the stage has ended; its failure is kept for the next write or the close to find. */
    function start(): Promise<void> {
      const mine = inner;
      failure = null;
      return pump(mine.reader, output).then(() => {
        if (!mine.closing && !output.ended) output.finish();
      }, (error) => {
        if (mine === inner) failure = { error };
      });
    }

    async function again(error: unknown, item: In | undefined): Promise<void> {
      inner.end(error);
      if (output.ended || restart >= restarts) throw error;
      restart++;
      onRestart?.(error, restart, item);
      await pause(clock, backoff.duration, output.signal);
      backoff = backoff.next(undefined);
      inner = new Inner(create(restart));
      pumping = start();
    }

    return {
      async write(item) {
        for (;;) {
          // It failed by itself, between two items: this one is not to blame.
          if (failure !== null) await again(failure.error, undefined);
          try {
            return await inner.writer.write(item);
          } catch (error) {
            if (error instanceof StageFinished) return;
            await again(error, item);
            if (options.item !== "again") return;
          }
        }
      },
      async close() {
        for (;;) {
          inner.closing = true;
          inner.writer.close().catch(ignore);
          await pumping;
          if (failure === null) return;
          await again(failure.error, undefined);
        }
      },
      dispose: (reason) => inner.end(reason),
    };
  }, { paced: false });
}

class Inner<In, Out> {
  readonly writer: WritableStreamDefaultWriter<In>;
  readonly reader: ReadableStreamDefaultReader<Out>;
  closing = false;

  constructor(stage: Stage<In, Out>) {
    this.writer = stage.writable.getWriter();
    this.reader = stage.readable.getReader();
    this.writer.closed.catch(ignore);
    this.writer.ready.catch(ignore);
    this.reader.closed.catch(ignore);
  }

  end(reason: unknown): void {
    this.writer.abort(reason).catch(ignore);
    this.reader.cancel(reason).catch(ignore);
  }
}
