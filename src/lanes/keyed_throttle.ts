/**
 * Shaping by key: each key has its own bucket, and waits by itself.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Column } from "../batch/column.ts";
import { compact } from "../batch/gather.ts";
import { type PackedBatch, packRows, unpackRows } from "../batch/packed_rows.ts";
import { type Steps, type Stepwise, stepwise } from "../pipeline/steps.ts";
import type { Operator, Outputs, StageContext } from "../stage.ts";
import { Alarm } from "./alarm.ts";
import { KeyBuckets } from "./key_buckets.ts";
import type { ThrottledOptions } from "./throttled.ts";

/** While so many rows wait, no more are taken in. */
const MOST_WAITING = 10_000;

/** Rows that wait, and what each costs: as much as when it came, whatever has left since. */
interface Waiting {
  readonly batch: Batch;
  readonly cost: number;
}

interface KeyedState {
  readonly waiting: readonly PackedBatch[];
  readonly costs: readonly number[];
  readonly tokens: readonly (readonly [key: string, tokens: number])[];
  readonly perMs: number | null;
}

/**
 * Rows whose key has tokens pass; the others wait, in order by key, while rows of other keys go by. Holds at most 10,000
 * rows and what one more batch brings, and a bucket a key that is not full (10,000; further keys share one).
 */
export class KeyedThrottle implements Operator<Batch, Batch> {
  readonly #buckets: KeyBuckets;
  readonly #alarm: Alarm;
  /** In the order of arrival; of each batch, only rows that wait are left. */
  #waiting: readonly Waiting[] = [];
  #rows = 0;
  #held = 0;

  constructor(
    readonly options: ThrottledOptions,
    readonly keys: readonly ((batch: Batch) => Column)[],
    readonly context: Pick<StageContext, "wake" | "resources" | "signal" | "budget">,
  ) {
    this.#buckets = new KeyBuckets(options.pace);
    this.#alarm = new Alarm(context.resources.clock, () => context.wake());
  }

  get full(): boolean {
    return this.#rows >= MOST_WAITING;
  }

  push(batch: Batch): Outputs<Batch> | Promise<Outputs<Batch>> {
    if (this.full) return this.#pushLater(batch);
    return this.#pass([...this.#waiting, this.#arrived(batch)]);
  }

  take(): Outputs<Batch> {
    return this.#pass(this.#waiting);
  }

  finish(): Stepwise<Batch> {
    return stepwise(() => this.#drain());
  }

  save(): KeyedState {
    return {
      waiting: packRows(this.#waiting.map(({ batch }) => batch)),
      costs: this.#waiting.map(({ cost }) => cost),
      tokens: this.#buckets.save(this.#now()),
      perMs: this.options.adaptive?.save() ?? null,
    };
  }

  restore(state: unknown): void {
    const { waiting, costs, tokens, perMs } = state as KeyedState;
    this.#buckets.restore(tokens, this.#now());
    if (perMs !== null) this.options.adaptive?.restore(perMs);
    this.#keep(unpackRows(waiting).map((batch, index) => ({ batch, cost: costs[index]! })));
    if (waiting.length > 0) this.context.wake();
  }

  dispose(): void {
    this.#alarm.stop();
    this.#keep([]);
  }

  /** For whoever pushes on although it is full. */
  async #pushLater(batch: Batch): Promise<Outputs<Batch>> {
    const outputs: Batch[] = [];
    while (this.full) {
      await this.#alarm.after(this.#buckets.waitMs(this.#now()), this.context.signal);
      outputs.push(...this.take());
    }
    return [...outputs, ...this.#pass([...this.#waiting, this.#arrived(batch)])];
  }

  *#drain(): Steps<Batch> {
    for (;;) {
      yield* this.take();
      if (this.#rows === 0) return;
      yield this.#alarm.after(this.#buckets.waitMs(this.#now()), this.context.signal);
    }
  }

  /** Gives what may pass of `batches`, and keeps the rest. */
  #pass(arrived: readonly Waiting[]): Outputs<Batch> {
    this.options.adaptive?.look();
    this.#buckets.begin(this.#now());
    const outputs: Batch[] = [];
    const kept: Waiting[] = [];
    for (const { batch, cost } of arrived) {
      const [passing, waiting] = this.#split(batch, cost);
      if (passing !== null) outputs.push(passing);
      if (waiting !== null) kept.push({ batch: waiting, cost });
    }
    this.#keep(kept);
    if (this.#rows > 0) this.#alarm.set(this.#buckets.waitMs(this.#now()));
    return outputs;
  }

  #arrived(batch: Batch): Waiting {
    const bytes = Math.max(1, batch.weight / batch.length);
    return { batch, cost: this.options.unit === "rows" ? 1 : bytes };
  }

  #split(
    batch: Batch,
    cost: number,
  ): readonly [passing: Batch | null, waiting: Batch | null] {
    const columns = this.keys.map((evaluate) => evaluate(batch));
    const passing = new Uint32Array(batch.length);
    const waiting = new Uint32Array(batch.length);
    let passed = 0;
    for (let index = 0; index < batch.length; index++) {
      const row = batch.rowAt(index);
      if (this.#buckets.pass(columns, row, cost)) passing[passed++] = row;
      else waiting[index - passed] = row;
    }
    const left = batch.length - passed;
    if (left === 0) return [batch, null];
    if (passed === 0) return [null, batch];
    const rest = batch.select(waiting.slice(0, left));
    return [batch.select(passing.slice(0, passed)), compact(rest)];
  }

  #keep(waiting: readonly Waiting[]): void {
    const held = waiting.reduce((sum, { batch }) => sum + batch.weight, 0);
    this.context.budget.take(held - this.#held);
    this.#held = held;
    this.#waiting = waiting;
    this.#rows = waiting.reduce((sum, { batch }) => sum + batch.length, 0);
  }

  #now(): number {
    return this.context.resources.clock.now();
  }
}
