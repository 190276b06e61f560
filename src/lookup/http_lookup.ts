/**
 * `lookup http` at work: each row's address asked once, rows in their order.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { type Column, type Value, ValueColumn } from "../batch/column.ts";
import { weigh } from "../batch/gather.ts";
import { restoreBatches, saveBatches, type SavedBatch } from "../batch/saved_batch.ts";
import { RunError } from "../errors.ts";
import { cache, type Cached } from "../flow/cache.ts";
import type { ColumnOf } from "../expression/compile.ts";
import { type Operator, type Outputs, type StageContext } from "../stage.ts";
import { failureText, flowClock, httpClient, type HttpPolicies } from "./http_client.ts";
import { errorsOf, isError, type Outcome, valueOf } from "./http_outcome.ts";
import { type PendingBatch, PendingBatches } from "./pending_batches.ts";
import { rowsByUrl } from "./url_template.ts";

/** The longest answer. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** What happens to a row whose lookup failed. */
export type OnLookupError = "fallback" | "skip" | "fail" | "emit";

/** How rows are looked up. */
export interface HttpLookupOptions extends HttpPolicies {
  readonly name: string;
  readonly urls: (batch: Batch) => (string | null)[];
  readonly fallback: ColumnOf;
  readonly onError: OnLookupError;
  /** Answers kept, and for how long. */
  readonly cache: { readonly size: number; readonly ttlMs: number };
  /** The most bytes of kept answers. */
  readonly cacheBytes: number;
}

interface Pending extends PendingBatch {
  /** By physical row; undefined where nothing is to be asked. */
  readonly outcomes: (Outcome | undefined)[];
  /** About what the answers weigh that were asked for these rows. */
  held: number;
}

/** Asks for rows. Holds the batches that wait, and answers. */
export class HttpLookup implements Operator<Batch, Batch> {
  readonly #pending: PendingBatches<Pending>;
  readonly #client;
  readonly #cached: Cached<string, Value, string>;
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  /** What came of rows that were told of before they were saved. */
  #before = { hits: 0, misses: 0, joined: 0 };
  #fallbacks = 0;
  #joined = 0;
  #hits = 0;
  #skipped = 0;
  #declared = 0;
  #held = 0;

  constructor(readonly options: HttpLookupOptions, readonly context: StageContext) {
    this.#signal = AbortSignal.any([context.signal, this.#over.signal]);
    this.#client = httpClient(options, context);
    this.#pending = new PendingBatches(context, options.concurrency, (done) => this.#answer(done));
    this.#cached = cache((url, signal) => this.#ask(url, signal), {
      key: (url) => url,
      size: options.cache.size,
      ttlMs: options.cache.ttlMs,
      weigh: (value, url) => weigh(value) + 2 * url.length + 64,
      maxWeight: options.cacheBytes,
      clock: flowClock(context.resources.clock),
    });
    this.#tell();
  }

  push(batch: Batch): Outputs<Batch> | Promise<Outputs<Batch>> {
    const pending = this.#look(batch);
    if (pending.missing === 0 && this.#pending.empty) return [this.#answer(pending)];
    this.#pending.add(pending);
    // At once, for what is told belongs to the rows that this call was given.
    this.#tell();
    return this.#pending.full ? this.#after(this.#pending.room()) : this.#pending.take();
  }

  take(): Outputs<Batch> {
    return this.#pending.take();
  }

  async *finish(): AsyncGenerator<Batch> {
    while (!this.#pending.empty) yield* await this.#after(this.#pending.ready());
  }

  /** The rows that wait: after a restart they are asked for again. */
  save(): readonly SavedBatch[] {
    return saveBatches(this.#pending.batches);
  }

  restore(state: unknown): void {
    for (const batch of restoreBatches(state as readonly SavedBatch[])) {
      this.#pending.add(this.#look(batch));
    }
    this.#before = this.#tally;
  }

  dispose(): void {
    this.#over.abort(new Error("The lookup is over"));
    this.#pending.dispose();
    this.context.budget.take(-this.#declared - this.#held);
    this.#declared = this.#held = 0;
  }

  async #after(change: Promise<void>): Promise<Outputs<Batch>> {
    await change;
    this.context.signal.throwIfAborted();
    return this.#pending.take();
  }

  /** Asks for each address of the batch once. */
  #look(batch: Batch): Pending {
    const outcomes = new Array<Outcome | undefined>(batch.rows).fill(undefined);
    const pending: Pending = { batch, outcomes, missing: 0, held: 0 };
    for (const [url, rows] of rowsByUrl(batch, this.options.urls(batch))) {
      const { hits, shared } = this.#cached.figures;
      const answer = this.#cached(url, this.#signal);
      const settle = (outcome: Outcome) => {
        for (const row of rows) outcomes[row] = outcome;
      };
      if (!(answer instanceof Promise)) {
        this.#hits += rows.length - (this.#cached.figures.hits - hits);
        settle({ value: answer });
        continue;
      }
      this.#joined += rows.length - 1;
      if (this.#cached.figures.shared > shared) this.#joined++;
      pending.missing++;
      answer.then((value): Outcome => ({ value }), (error) => this.#failed(error)).then(
        (outcome) => {
          settle(outcome);
          this.#hold(pending, outcome);
          this.#declare();
          this.#tell();
          this.#pending.settle(pending);
        },
      ).catch((fault) => this.#pending.fail(fault));
    }
    return pending;
  }

  async #ask(url: string, signal: AbortSignal): Promise<Value> {
    const request = { method: "GET", url, maxBytes: MAX_ANSWER_BYTES } as const;
    const { status, body } = await this.#client.ask(request, signal);
    return status === 404 ? null : valueOf(body);
  }

  #failed(error: unknown): Outcome {
    this.#signal.throwIfAborted();
    const reason = failureText(error);
    if (this.options.onError === "fail") {
      throw new RunError(
        "dependency_failed",
        `Lookup of \`${this.options.name}\` failed: ${reason}`,
      );
    }
    return { error: reason };
  }

  /** The batch with its new column. */
  #answer({ batch, outcomes, held }: Pending): Batch {
    const { name, fallback, onError } = this.options;
    this.#held -= held;
    this.context.budget.take(-held);
    const failed = rowsOf(batch).filter((row) => isError(outcomes[row]));
    let standard: Column | null = null;
    if (failed.length > 0 && onError === "skip") this.#skipped += failed.length;
    else if (failed.length > 0) {
      this.#fallbacks += failed.length;
      standard = fallback(batch);
    }
    const values = outcomes.map((outcome, row): Value => {
      if (outcome === undefined) return null;
      return "value" in outcome ? outcome.value : standard?.value(row) ?? null;
    });
    this.#tell();
    const answered = batch.with(name, new ValueColumn(values));
    if (onError === "emit") return answered.with("$error", errorsOf(outcomes));
    if (failed.length === 0 || onError !== "skip") return answered;
    return answered.select(
      Uint32Array.from(rowsOf(batch).filter((row) => !isError(outcomes[row]))),
    );
  }

  /** Declares an answer until its batch goes on: the cache may have let go of it before. */
  #hold(pending: Pending, outcome: Outcome): void {
    if (this.#over.signal.aborted || "error" in outcome) return;
    const bytes = weigh(outcome.value);
    pending.held += bytes;
    this.#held += bytes;
    this.context.budget.take(bytes);
  }

  /** Declares the answers that are kept. */
  #declare(): void {
    if (this.#over.signal.aborted) return;
    const now = this.#cached.figures.weight;
    this.context.budget.take(now - this.#declared);
    this.#declared = now;
  }

  /** Rows by what they found: an answer, none, one that was under way. */
  get #tally() {
    const { hits, misses } = this.#cached.figures;
    return { hits: hits + this.#hits, misses, joined: this.#joined };
  }

  #tell(): void {
    // Another may have come in its place, which tells of the same rows.
    if (this.#over.signal.aborted) return;
    const { hits, misses, joined } = this.#tally;
    const facts = {
      ...this.#client.figures,
      hits: hits - this.#before.hits,
      misses: misses - this.#before.misses,
      joined: joined - this.#before.joined,
      evictions: this.#cached.figures.evictions,
      fallbacks: this.#fallbacks,
      ...this.options.onError === "skip" && { skipped: this.#skipped },
    };
    for (const [name, value] of Object.entries(facts)) this.context.fact(name, value);
  }
}

/** The physical rows that count. */
function rowsOf(batch: Batch): readonly number[] {
  return Array.from({ length: batch.length }, (_, index) => batch.rowAt(index));
}
