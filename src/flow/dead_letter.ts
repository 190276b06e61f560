import { buffer, BufferOverflow, type Overflow } from "./buffer.ts";
import { createStage, give, ignore, type Stage, type Work } from "./stage.ts";

/** An item that failed, and why. */
export interface Failed<Item> {
  readonly item: Item;
  readonly error: unknown;
}

/** How failed items wait for their reader. */
export interface DeadLetterOptions<Item> {
  /** Most failed items that wait. Default 100. */
  readonly most?: number;
  /** What happens when more wait. Default "block": somebody has to read `failed`, or the stage stops. */
  readonly overflow?: Overflow;
  /** Told of every failed item that is dropped, and how many that makes. */
  readonly onDrop?: (failed: Failed<Item>, dropped: number) => void;
}

/** A stage with a stream of its own for items that failed. It ends, and fails, with the stage. */
export interface DeadLetter<In, Out> extends Stage<In, Out> {
  readonly failed: ReadableStream<Failed<In>>;
}

/**
 * Each item replaced by what `work` makes of it; those it fails on go, with the error, into a stream of their own.
 * Cancelling that stream drops them. Memory: `most` failed items, and one item in each stream.
 *
 * @example Poison
 * ```ts
 * import { collect, deadLetter, from } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const parse = deadLetter((text: string): unknown => JSON.parse(text));
 * const good = collect(from(["1", "?", "2"]).pipeThrough(parse));
 * assert.deepEqual((await collect(parse.failed)).map(({ item }) => item), ["?"]);
 * assert.deepEqual(await good, [1, 2]);
 * ```
 */
export function deadLetter<In, Out>(
  work: Work<In, Out>,
  options: DeadLetterOptions<In> = {},
): DeadLetter<In, Out> {
  const { most = 100, overflow = "block", onDrop = ignore } = options;
  const letters = buffer<Failed<In>>({ items: most, overflow, onDrop });
  const writer = letters.writable.getWriter();
  let closed = false;
  let gone = false;
  const stage = createStage<In, Out>((output) => {
    writer.closed.catch((reason) => {
      gone = true;
      if (reason instanceof BufferOverflow) output.fail(reason);
    });
    const post = (item: In, error: unknown) =>
      gone ? undefined : writer.write({ item, error }).catch(ignore);
    return {
      write(item) {
        try {
          const result = work(item, output.signal);
          if (!(result instanceof Promise)) return output.push(result);
          return result.then((value) => give(output, value), (error) => post(item, error));
        } catch (error) {
          return post(item, error);
        }
      },
      close: () => {
        closed = true;
        writer.close().catch(ignore);
      },
      dispose: (reason) => {
        if (!closed) writer.abort(reason).catch(ignore);
      },
    };
  });
  return { ...stage, failed: letters.readable };
}
