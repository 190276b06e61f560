/**
 * `cache` at work: a pipeline that is asked once for each key.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Row, Value } from "../batch/column.ts";
import { define } from "../batch/objects.ts";
import { restoreBatches, saveBatches, type SavedBatch } from "../batch/saved_batch.ts";
import { RunError } from "../errors.ts";
import type { ColumnOf } from "../expression/compile.ts";
import { NOTHING, type Operator, type Outputs, type StageContext } from "../stage.ts";
import { type AnswerCache, keyOf } from "./answer_cache.ts";
import { type Asked, changedColumns, withFields } from "./changed_columns.ts";
import { type PendingBatch, PendingBatches } from "./pending_batches.ts";

/** What is asked, and where answers are kept. */
export interface CachedPipelineOptions {
  readonly by: ColumnOf;
  readonly cache: AnswerCache;
  /** Settles when the cache has been filled for the first time. */
  readonly warmed: Promise<void> | null;
  /** Whether the cache is this stage's alone, so that the run's budget is to hold it. */
  readonly own: boolean;
  /** The pipeline; calls `ring` when it has outputs of its own accord. */
  nested(ring: () => void): Operator<Batch, Batch>;
}

interface Pending extends PendingBatch {
  /** By physical row. */
  readonly fields: (Row | undefined)[];
}

/** Rows that wait for the answer to one key. */
type Waiting = [pending: Pending, rows: number[]][];

/** Rows by what they found: an answer, none, one that was under way. */
type Tally = Record<"hits" | "misses" | "joined", number>;

const noRows = (): Tally => ({ hits: 0, misses: 0, joined: 0 });

/** At most so many rows wait for the pipeline's answers; what the pipeline itself has under way is its own bound. */
const MOST_MISSING = 65_536;

/** Asks the pipeline with the first row of each key, and adds what it added to all rows of that key. */
export class CachedPipeline implements Operator<Batch, Batch> {
  readonly take?: () => Promise<Outputs<Batch>>;
  readonly #pending: PendingBatches<Pending>;
  readonly #nested: Operator<Batch, Batch>;
  readonly #waiting = new Map<string, Waiting>();
  #asked: Asked[] = [];
  #restored: readonly Batch[] = [];
  #asking: Promise<void> | null = null;
  #rung = false;
  #warmed: Promise<void> | null;
  readonly #tally = noRows();
  #declared = 0;

  constructor(readonly options: CachedPipelineOptions, readonly context: StageContext) {
    this.#warmed = options.warmed;
    this.#pending = new PendingBatches(
      context,
      MOST_MISSING,
      ({ batch, fields }) => withFields(batch, fields),
    );
    this.#nested = options.nested(() => this.#ring());
    if (this.#nested.take !== undefined) this.take = () => this.#take();
  }

  async push(batch: Batch): Promise<Outputs<Batch>> {
    await this.#begin();
    this.#consume(await this.#ask(batch, this.#tally));
    while (this.#pending.full && !this.#pending.empty) {
      const ready = this.#pending.take();
      if (ready.length > 0) return ready;
      await this.#answers();
    }
    return this.#pending.take();
  }

  async *finish(): AsyncGenerator<Batch> {
    await this.#begin();
    for await (const output of this.#nested.finish?.() ?? []) {
      this.#consume([output]);
      yield* this.#pending.take();
    }
    yield* this.#pending.take();
    if (!this.#pending.empty) {
      throw new RunError("internal", "The pipeline in `cache` gave fewer rows than it was given");
    }
  }

  /** The rows that wait: after a restart they are looked up again. */
  save(): readonly SavedBatch[] {
    return saveBatches([...this.#pending.batches, ...this.#restored]);
  }

  restore(state: unknown): void {
    this.#restored = restoreBatches(state as readonly SavedBatch[]);
    if (this.#warmed !== null) return;
    // At once, so that what the pipeline is asked again is counted as what it was asked before.
    this.#asking = this.#askAgain();
    this.#asking.catch(() => {});
  }

  dispose(): void {
    this.#pending.dispose();
    this.context.budget.take(-this.#declared);
    this.#declared = 0;
    this.#nested.dispose?.();
  }

  /** Before the first rows: the cache is filled, and what waited at a checkpoint is looked up. */
  async #begin(): Promise<void> {
    await this.#warmed;
    this.#warmed = null;
    if (this.#restored.length > 0) this.#asking ??= this.#askAgain();
    await this.#asking;
    this.#asking = null;
  }

  async #askAgain(): Promise<void> {
    for (let batch; (batch = this.#restored[0]) !== undefined;) {
      this.#restored = this.#restored.slice(1);
      // Its rows were told of before they were saved.
      const outputs = this.#ask(batch, noRows());
      this.#consume(outputs instanceof Promise ? await outputs : outputs);
    }
  }

  #ring(): void {
    this.#rung = true;
    this.#pending.nudge();
    this.context.wake();
  }

  async #take(): Promise<Outputs<Batch>> {
    await this.#begin();
    this.#rung = false;
    this.#consume(await this.#nested.take!());
    return this.#pending.take();
  }

  /** Waits until the pipeline has something to say, and takes it. */
  async #answers(): Promise<void> {
    if (!this.#rung) await this.#pending.changed();
    this.context.signal.throwIfAborted();
    if (this.#rung && this.#nested.take !== undefined) {
      this.#rung = false;
      this.#consume(await this.#nested.take());
    }
  }

  /** Looks each key up, and gives the first row of every new one to the pipeline; what that gives. */
  #ask(batch: Batch, tally: Tally): Outputs<Batch> | Promise<Outputs<Batch>> {
    const column = this.options.by(batch);
    const pending: Pending = { batch, fields: new Array(batch.rows).fill(undefined), missing: 0 };
    const keys: string[] = [];
    const rows: number[] = [];
    for (let index = 0; index < batch.length; index++) {
      const row = batch.rowAt(index);
      const key = keyOf(column.value(row));
      const under = this.#waiting.get(key);
      if (under !== undefined) {
        tally.joined++;
        this.#await(under, pending, row);
        continue;
      }
      const known = this.options.cache.get(key);
      if (known !== undefined) {
        tally.hits++;
        pending.fields[row] = known;
        continue;
      }
      tally.misses++;
      const waiting: Waiting = [];
      this.#waiting.set(key, waiting);
      this.#await(waiting, pending, row);
      keys.push(key);
      rows.push(row);
    }
    this.#pending.add(pending);
    this.#tell();
    if (rows.length === 0) return NOTHING;
    const asked = batch.select(Uint32Array.from(rows));
    // Made before the pipeline sees them: a column that comes back as the same object was not changed.
    for (const name of asked.names) asked.column(name);
    this.#asked.push({ batch: asked, keys, at: 0 });
    return this.#nested.push(asked);
  }

  #await(waiting: Waiting, pending: Pending, row: number): void {
    const last = waiting.at(-1);
    if (last?.[0] === pending) return void last[1].push(row);
    pending.missing++;
    waiting.push([pending, [row]]);
  }

  /** Takes the pipeline's rows as the answers to what it was asked, in order. */
  #consume(outputs: Outputs<Batch>): void {
    for (const output of outputs) {
      for (let index = 0; index < output.length;) {
        const asked = this.#asked[0];
        if (asked === undefined) {
          throw new RunError(
            "internal",
            "The pipeline in `cache` gave more rows than it was given",
          );
        }
        const count = Math.min(output.length - index, asked.keys.length - asked.at);
        this.#settle(asked, output, index, count);
        index += count;
        if (asked.at === asked.keys.length) this.#asked.shift();
      }
    }
    this.#declare();
    this.#tell();
  }

  #settle(asked: Asked, output: Batch, from: number, count: number): void {
    const changed = changedColumns(asked, output, from, count);
    for (let index = 0; index < count; index++) {
      const key = asked.keys[asked.at++]!;
      const fields: Record<string, Value> = {};
      for (const [name, column] of changed) {
        define(fields, name, column.value(output.rowAt(from + index)));
      }
      this.options.cache.set(key, fields);
      const waiting = this.#waiting.get(key) ?? [];
      this.#waiting.delete(key);
      for (const [pending, rows] of waiting) {
        for (const row of rows) pending.fields[row] = fields;
        this.#pending.settle(pending);
      }
    }
  }

  #declare(): void {
    if (!this.options.own) return;
    const { bytes } = this.options.cache;
    this.context.budget.take(bytes - this.#declared);
    this.#declared = bytes;
  }

  #tell(): void {
    for (const [name, rows] of Object.entries(this.#tally)) this.context.fact(name, rows);
    this.context.fact("evictions", this.options.cache.evictions);
  }
}
