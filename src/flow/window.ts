import { pushAll } from "./flat_map.ts";
import { createStage, type Output, type Stage } from "./stage.ts";

/** A window of event time that is over, and what came of its items. */
export interface Pane<State> {
  /** First moment of the window, in the unit of `time`. */
  readonly start: number;
  /** First moment behind it. */
  readonly end: number;
  readonly value: State;
}

/** How items are put into windows. All times in one unit, such as milliseconds. */
export interface WindowOptions<In, State> {
  /** How long a window is. */
  readonly size: number;
  /** How far apart windows start: less than `size` for sliding ones. Default `size`: tumbling, each item in one. */
  readonly every?: number;
  /** When an item happened. */
  readonly time: (item: In) => number;
  /** The value of an empty window. */
  readonly initial: () => State;
  /** A window's value with one item more. */
  readonly add: (state: State, item: In) => State;
  /** How far items may be out of order: the watermark is the latest time seen, less this. Default 0. */
  readonly lateness?: number;
  /** Told of an item that comes when all its windows are over, or that has no time. Default: nobody. */
  readonly onLate?: (item: In) => void;
  /** Most windows open at once. Default 10000; one more fails the stage. */
  readonly most?: number;
}

/** What `window` fails with when more windows are open than may be. */
export class WindowOverflow extends Error {
  override readonly name = "WindowOverflow";
}

/**
 * Windows of event time, tumbling or sliding, aligned to 0: each is given once, as soon as the watermark has passed its
 * end, in the order of time; the rest at the end of the input. Time moves with the items alone. Memory: the values of
 * the open windows, at most `most`.
 *
 * @example A count every 10
 * ```ts
 * import { collect, from, window } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const counts = window({ size: 10, time: (at: number) => at, initial: () => 0, add: (count) => count + 1, lateness: 5 });
 * assert.deepEqual(await collect(from([1, 12, 9, 17, 2]).pipeThrough(counts)), [
 *   { start: 0, end: 10, value: 2 },
 *   { start: 10, end: 20, value: 2 },
 * ]);
 * ```
 */
export function window<In, State>(options: WindowOptions<In, State>): Stage<In, Pane<State>> {
  const { size, every = size } = options;
  if (!(size > 0) || !(every > 0) || every > size) {
    throw new RangeError(
      `Cannot make windows of ${size} every ${every}; give a size above 0 and \`every\` up to it`,
    );
  }
  return createStage((output) => new Windows(output, options, every));
}

class Windows<In, State> {
  readonly #open = new Map<number, State>();
  readonly #most: number;
  readonly #lateness: number;
  #watermark = -Infinity;
  #firstEnd = Infinity;

  constructor(
    readonly output: Output<Pane<State>>,
    readonly options: WindowOptions<In, State>,
    readonly every: number,
  ) {
    this.#most = options.most ?? 10_000;
    this.#lateness = options.lateness ?? 0;
  }

  write(item: In): void | Promise<void> {
    const time = this.options.time(item);
    const { size } = this.options;
    let late = true;
    // A time that is no number starts no window.
    const last = Math.floor(time / this.every) * this.every;
    for (let start = last; start > time - size; start -= this.every) {
      if (start + size <= this.#watermark) break;
      late = false;
      this.#add(start, item);
    }
    if (late) return this.options.onLate?.(item);
    this.#watermark = Math.max(this.#watermark, time - this.#lateness);
    if (this.#watermark >= this.#firstEnd) return this.#give(this.#watermark);
  }

  close(): void | Promise<void> {
    return this.#give(Infinity);
  }

  dispose(): void {
    this.#open.clear();
  }

  #add(start: number, item: In): void {
    const state = this.#open.get(start);
    if (state === undefined && !this.#open.has(start)) {
      if (this.#open.size >= this.#most) {
        throw new WindowOverflow(
          `More than ${this.#most} windows are open; let \`most\` be larger, or \`lateness\` smaller`,
        );
      }
      this.#firstEnd = Math.min(this.#firstEnd, start + this.options.size);
      this.#open.set(start, this.options.add(this.options.initial(), item));
    } else this.#open.set(start, this.options.add(state as State, item));
  }

  #give(until: number): void | Promise<void> {
    const { size } = this.options;
    const starts = [...this.#open.keys()].filter((start) => start + size <= until)
      .sort((a, b) => a - b);
    const panes = starts.map((start) => ({
      start,
      end: start + size,
      value: this.#open.get(start) as State,
    }));
    for (const start of starts) this.#open.delete(start);
    this.#firstEnd = Math.min(Infinity, ...this.#ends());
    return pushAll(this.output, panes);
  }

  *#ends(): Generator<number> {
    for (const start of this.#open.keys()) yield start + this.options.size;
  }
}
