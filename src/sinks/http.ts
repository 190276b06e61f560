/**
 * `into http`: rows posted as NDJSON to a listed host.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { joined } from "../batch/bytes.ts";
import { compact } from "../batch/gather.ts";
import { encodeRows } from "../batch/ndjson.ts";
import { restoreBatches, saveBatches, type SavedBatch } from "../batch/saved_batch.ts";
import { RunError } from "../errors.ts";
import { argument } from "../language/arguments.ts";
import {
  failureText,
  type HttpClient,
  httpClient,
  type HttpPolicies,
  withDefaults,
} from "../lookup/http_client.ts";
import type { StageContext } from "../stage.ts";
import { defineSink, type Sink, type SinkDefinition } from "./sink.ts";

/** Rows of one request unless told otherwise, and the most. */
const STANDARD_ROWS = 1000;
const MOST_ROWS = 100_000;
/** Rows are sent when they weigh so much, however few they are. */
const MOST_BYTES = 4 * 1024 * 1024;
/** What a receiver may say. Nobody reads it. */
const MAX_ANSWER_BYTES = 64 * 1024;
const STANDARD: HttpPolicies = { concurrency: 1, timeout: 10_000, retries: 2, backoff: 100 };

const options = {
  batch: argument.count({
    description: "Rows of one request; 1000 unless given",
    option: true,
    minimum: 1,
    maximum: MOST_ROWS,
  }).optional(),
  timeout: argument.duration({
    description: "Longest time of one try; 10s unless given",
    option: true,
    minimum: 1,
  }).optional(),
  retries: argument.count({
    description: "Tries after the first; 2 unless given",
    option: true,
    maximum: 20,
  }).optional(),
  backoff: argument.duration({
    description: "First pause before another try; 100ms unless given",
    option: true,
    minimum: 1,
  }).optional(),
  rate: argument.rate({ description: "Requests a time", option: true }).optional(),
  breaker: argument.rate({
    description: "Failures in a row, and how long nothing is sent then",
    option: true,
  }).optional(),
  on_error: argument.choice(["fail", "skip"], {
    description:
      "Rows that could not be sent: `fail` (the default) ends the run, `skip` counts them",
    option: true,
  }).optional(),
};

/** The sink `http`. */
const http: SinkDefinition<typeof options> = defineSink({
  name: "http",
  summary:
    "POSTs rows as NDJSON to a host of LOOKUP_HOSTS; a try that failed is sent again with the same `idempotency-key`",
  options,
  check(target) {
    if (!URL.canParse(target) || !/^https?:\/\/[^\s\\#]+$/i.test(target)) {
      return {
        message: `Expected an address with http or https, found ${JSON.stringify(target)}`,
        hint: 'Write it as "https://host/path"',
      };
    }
    const { username, password } = new URL(target);
    return username === "" && password === ""
      ? null
      : { message: "Credentials are not allowed in an address" };
  },
  refusal(target, { resources }) {
    const message = resources.http.refusal(target);
    return message === null ? null : { message };
  },
  create(target, { batch = STANDARD_ROWS, on_error = "fail", ...given }, context) {
    const client = httpClient(withDefaults(given, STANDARD), context);
    return new HttpSink(target, batch, on_error, client, context);
  },
});

export default http;

interface HttpSinkState {
  readonly id: string;
  readonly kept: readonly SavedBatch[];
  readonly written: number;
  readonly failed: number;
  readonly requests: number;
}

/** Holds rows for one request, and the request. */
class HttpSink implements Sink {
  #kept: Batch[] = [];
  #rows = 0;
  #weight = 0;
  #written = 0;
  #failed = 0;
  #requests = 0;
  #id: string = crypto.randomUUID();
  readonly #over = new AbortController();

  constructor(
    readonly url: string,
    readonly most: number,
    readonly onError: "fail" | "skip",
    readonly client: HttpClient,
    readonly context: StageContext,
  ) {}

  async write(batch: Batch): Promise<void> {
    for (let from = 0; from < batch.length;) {
      const end = Math.min(batch.length, from + this.most - this.#rows);
      this.#keep(compact(batch.slice(from, end)));
      from = end;
      if (this.#rows === this.most || this.#weight >= MOST_BYTES) await this.#send();
    }
  }

  async finish() {
    if (this.#rows > 0) await this.#send();
    return { rows: this.#written, requests: this.#requests, failed: this.#failed };
  }

  save(): HttpSinkState {
    return {
      id: this.#id,
      kept: saveBatches(this.#kept),
      written: this.#written,
      failed: this.#failed,
      requests: this.#requests,
    };
  }

  /** A request that was under way when the state was saved is made again, under the same key. */
  restore(state: unknown): void {
    const { id, kept, written, failed, requests } = state as HttpSinkState;
    this.#id = id;
    this.#written = written;
    this.#failed = failed;
    this.#requests = requests;
    for (const batch of restoreBatches(kept)) this.#keep(batch);
    this.#tell();
  }

  dispose(): void {
    this.#over.abort(new Error("The run is over"));
    this.context.budget.take(-this.#weight);
    this.#weight = 0;
    this.#kept = [];
  }

  #keep(batch: Batch): void {
    this.context.budget.take(batch.weight);
    this.#weight += batch.weight;
    this.#rows += batch.length;
    this.#kept.push(batch);
  }

  async #send(): Promise<void> {
    const body = joined(this.#kept.map((batch) => encodeRows(batch)));
    const rows = this.#rows;
    this.context.budget.take(-this.#weight);
    this.#weight = 0;
    this.#rows = 0;
    this.#kept = [];
    const request = {
      method: "POST",
      url: this.url,
      body,
      maxBytes: MAX_ANSWER_BYTES,
      headers: {
        "content-type": "application/x-ndjson",
        "idempotency-key": `${this.#id}-${++this.#requests}`,
      },
    } as const;
    const signal = AbortSignal.any([this.context.signal, this.#over.signal]);
    try {
      const { status } = await this.client.ask(request, signal);
      if (status === 404) throw new Error("The host answered 404");
      this.#written += rows;
    } catch (error) {
      signal.throwIfAborted();
      this.#failed += rows;
      if (this.onError === "fail") throw this.#failure(error);
    } finally {
      this.#tell();
    }
  }

  #failure(cause: unknown): RunError {
    return new RunError(
      "dependency_failed",
      `Cannot send rows: ${failureText(cause)}`,
      { rows: this.#written, failed: this.#failed },
      { cause },
    );
  }

  #tell(): void {
    const facts = { ...this.client.figures, written: this.#written, failed: this.#failed };
    for (const [name, value] of Object.entries(facts)) this.context.fact(name, value);
  }
}
