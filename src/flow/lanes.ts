/**
 * What partition, balance, broadcast, observe and supervise share: feeding stages inside a stage, and reading them.
 * @module
 */
import { ignore, type Output, type Stage } from "./stage.ts";

/** What is told about lanes. */
export interface LaneEvents {
  /** A lane takes no more: it is finished, cancelled, or has failed with `reason`. */
  onEnd?(lane: number, reason: unknown): void;
}

interface Lane<In> {
  readonly writer: WritableStreamDefaultWriter<In>;
  open: boolean;
  /** Writes that the lane has not finished. */
  pending: number;
}

/**
 * Feeds `writables`, and gives what `readables` give to `output`. Reads only when the output has room, so each readable
 * holds what its stage holds and no more than one item in hand here.
 */
export class Lanes<In, Out> {
  readonly #lanes: readonly Lane<In>[];
  readonly #readers: readonly ReadableStreamDefaultReader<Out>[];
  readonly #pumps: Promise<unknown>;
  #waiting: (() => void)[] = [];
  #closing = false;

  constructor(
    writables: readonly WritableStream<In>[],
    readables: readonly ReadableStream<Out>[],
    readonly output: Output<Out>,
    events: LaneEvents = {},
  ) {
    this.#lanes = writables.map((writable) => ({
      writer: writable.getWriter(),
      open: true,
      pending: 0,
    }));
    this.#lanes.forEach((lane, index) =>
      lane.writer.closed.catch((reason) => {
        lane.open = false;
        events.onEnd?.(index, reason);
        this.#wake();
      })
    );
    this.#readers = readables.map((readable) => readable.getReader());
    this.#pumps = Promise.all(this.#readers.map((reader) => pump(reader, output)))
      .then(() => this.#closing || output.finish(), (error) => output.fail(error));
  }

  /** Whether the lane takes items. */
  open(lane: number): boolean {
    return this.#lanes[lane]!.open;
  }

  /** Whether the lane takes an item now. A lane that is over does: it goes nowhere, nobody wants it. */
  hasRoom(lane: number): boolean {
    const { open, writer } = this.#lanes[lane]!;
    return !open || writer.desiredSize! > 0;
  }

  /** Writes of this lane that are not finished. */
  pending(lane: number): number {
    return this.#lanes[lane]!.pending;
  }

  /** Gives `item` to a lane that has room. A failure is told by its reader. */
  send(lane: number, item: In): void {
    const target = this.#lanes[lane]!;
    if (!target.open) return;
    target.pending++;
    const settled = () => {
      target.pending--;
      this.#wake();
    };
    target.writer.write(item).then(settled, settled);
  }

  /** Gives `item` to a lane as soon as it has room: at once, or when the promise resolves. */
  deliver(lane: number, item: In): void | Promise<void> {
    return this.hasRoom(lane) ? this.send(lane, item) : this.#deliverLater(lane, item);
  }

  async #deliverLater(lane: number, item: In): Promise<void> {
    while (!this.hasRoom(lane)) await this.change();
    this.send(lane, item);
  }

  /** Resolves when any lane has finished a write or is over. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Ends all lanes properly; resolves when all that they give has been given. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const { writer, open } of this.#lanes) if (open) writer.close().catch(ignore);
    await this.#pumps;
  }

  /** Aborts all lanes and cancels all readers. */
  dispose(reason: unknown): void {
    for (const { writer } of this.#lanes) writer.abort(reason).catch(ignore);
    for (const reader of this.#readers) reader.cancel(reason).catch(ignore);
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** The writables of stages. */
export function writablesOf<In>(stages: readonly Stage<In, unknown>[]): WritableStream<In>[] {
  return stages.map(({ writable }) => writable);
}

/** The readables of stages. */
export function readablesOf<Out>(
  stages: readonly { readonly readable: ReadableStream<Out> }[],
): ReadableStream<Out>[] {
  return stages.map(({ readable }) => readable);
}

/** Gives all that `reader` gives to `output`, each when there is room. Rejects with the reader's error. */
export async function pump<Out>(
  reader: ReadableStreamDefaultReader<Out>,
  output: Output<Out>,
): Promise<void> {
  for (;;) {
    while (!output.room && !output.ended) await output.ready();
    if (output.ended) return;
    const { done, value } = await reader.read();
    if (done) return;
    while (!output.room && !output.ended) await output.ready();
    output.push(value);
  }
}
