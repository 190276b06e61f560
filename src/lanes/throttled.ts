/**
 * Shaping: rows wait until there are tokens for them.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { allRows, gather } from "../batch/gather.ts";
import { type PackedBatch, packRows, unpackRows } from "../batch/packed_rows.ts";
import { type Steps, type Stepwise, stepwise } from "../pipeline/steps.ts";
import { NOTHING, type Operator, type Outputs, type StageContext } from "../stage.ts";
import type { AdaptivePace } from "./adaptive_pace.ts";
import { type Pace, TokenBucket } from "./token_bucket.ts";
import { Alarm } from "./alarm.ts";

/** What shapes a stream. */
export interface ThrottledOptions {
  readonly pace: Pace;
  readonly unit: "rows" | "bytes";
  readonly adaptive: AdaptivePace | null;
}

/** What a saved throttle has. */
interface ThrottledState {
  readonly waiting: readonly PackedBatch[];
  readonly rowCost: number;
  readonly tokens: number;
  readonly perMs: number | null;
}

/**
 * One stream behind one bucket. Each row goes on, in order, as soon as its tokens are there; while rows wait, no more
 * are taken in, so it holds the rest of one batch. Nothing is dropped.
 */
export class Throttled implements Operator<Batch, Batch> {
  readonly #bucket: TokenBucket;
  readonly #alarm: Alarm;
  #waiting: Batch[] = [];
  /** What each row that waits costs: its share of the batch that it came with. */
  #rowCost = 0;

  constructor(
    readonly options: ThrottledOptions,
    readonly context: Pick<StageContext, "wake" | "resources" | "signal">,
  ) {
    this.#bucket = new TokenBucket(options.pace, this.#now());
    this.#alarm = new Alarm(context.resources.clock, () => context.wake());
  }

  get full(): boolean {
    return this.#waiting.length > 0;
  }

  push(batch: Batch): Outputs<Batch> | Promise<Outputs<Batch>> {
    if (this.#waiting.length > 0) return this.#pushLater(batch);
    this.options.adaptive?.look();
    const rows = this.#bucket.take(batch.length, this.#cost(batch), this.#now());
    if (rows === batch.length) return [batch];
    this.#rowCost = this.#cost(batch);
    // What waits is a copy, so that the chunk that it came from need not.
    this.#waiting.push(...gather(allRows([batch.slice(rows, batch.length)]), true));
    this.#alarm.set(this.#waitMs());
    return rows === 0 ? NOTHING : [batch.slice(0, rows)];
  }

  take(): Outputs<Batch> {
    const outputs = this.#due();
    if (this.#waiting.length > 0) this.#alarm.set(this.#waitMs());
    return outputs;
  }

  finish(): Stepwise<Batch> {
    return stepwise(() => this.#drain());
  }

  save(): ThrottledState {
    return {
      waiting: packRows(this.#waiting),
      rowCost: this.#rowCost,
      tokens: this.#bucket.tokens(this.#now()),
      perMs: this.options.adaptive?.save() ?? null,
    };
  }

  restore(state: unknown): void {
    const { waiting, rowCost, tokens, perMs } = state as ThrottledState;
    this.#waiting = unpackRows(waiting);
    this.#rowCost = rowCost;
    this.#bucket.restore(tokens, this.#now());
    if (perMs !== null) this.options.adaptive?.restore(perMs);
    if (this.#waiting.length > 0) this.context.wake();
  }

  dispose(): void {
    this.#alarm.stop();
    this.#waiting = [];
  }

  /** For whoever pushes on although it is full: the rows before have to go first. */
  async #pushLater(batch: Batch): Promise<Outputs<Batch>> {
    const outputs: Batch[] = [];
    while (this.#waiting.length > 0) {
      await this.#alarm.after(this.#waitMs(), this.context.signal);
      outputs.push(...this.#due());
    }
    return [...outputs, ...await this.push(batch)];
  }

  *#drain(): Steps<Batch> {
    while (this.#waiting.length > 0) {
      yield* this.#due();
      if (this.#waiting.length > 0) yield this.#alarm.after(this.#waitMs(), this.context.signal);
    }
  }

  /** The rows whose tokens are there. */
  #due(): Outputs<Batch> {
    this.options.adaptive?.look();
    const first = this.#waiting[0];
    if (first === undefined) return NOTHING;
    const rows = this.#bucket.take(first.length, this.#rowCost, this.#now());
    if (rows === first.length) {
      this.#waiting.shift();
      return [first, ...this.#due()];
    }
    if (rows === 0) return NOTHING;
    this.#waiting[0] = first.slice(rows, first.length);
    return [first.slice(0, rows)];
  }

  #waitMs(): number {
    return this.#bucket.waitMs(this.#rowCost, this.#now());
  }

  /** A row weighs its share of its batch. */
  #cost(batch: Batch): number {
    return this.options.unit === "rows" ? 1 : Math.max(1, batch.weight / batch.length);
  }

  #now(): number {
    return this.context.resources.clock.now();
  }
}
