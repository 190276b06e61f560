/**
 * Hosts that are no hosts: they answer in a test's own time, and keep account.
 * @module
 */
import { encodeText } from "../../src/batch/text.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/limits.ts";
import { type HttpDoor, HttpFailure, type HttpRequest } from "../../src/lookup/http_door.ts";
import type { RunReport } from "../../src/pipeline/report.ts";
import { Run } from "../../src/pipeline/run.ts";
import { DEFAULT_RUN_OPTIONS, type RunOptions } from "../../src/pipeline/run_input.ts";
import { parsePipeline } from "../../src/plan.ts";
import type { Resources } from "../../src/resources.ts";
import type { Vocabulary } from "../../src/vocabulary.ts";
import { VOCABULARY } from "../../stages/mod.ts";
import { ManualClock } from "./manual_clock.ts";
import { exampleResources } from "./resources.ts";

/** What a host does with a request: an answer, or null for a connection that fails. */
export type Reply = { readonly status: number; readonly json?: unknown; readonly text?: string };

/** A host behind a door. Answers after `delayMs` of its clock; counts. */
export class FakeHost implements HttpDoor {
  readonly asked: HttpRequest[] = [];
  underWay = 0;
  mostUnderWay = 0;
  aborted = 0;

  constructor(
    readonly clock: ManualClock,
    readonly delayMs: number,
    readonly reply: (request: HttpRequest, count: number) => Reply | null,
  ) {}

  refusal(): null {
    return null;
  }

  ask(request: HttpRequest, signal: AbortSignal) {
    const count = this.asked.push(request);
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    const { promise, resolve, reject } = Promise.withResolvers<
      { status: number; body: Uint8Array }
    >();
    const over = this.clock.after(this.delayMs, () => {
      const reply = this.reply(request, count);
      if (reply === null) return reject(new HttpFailure("connection", "Connection reset"));
      const { status, json, text } = reply;
      resolve({
        status,
        body: encodeText(text ?? (json === undefined ? "" : JSON.stringify(json))),
      });
    });
    const abort = () => {
      over();
      this.aborted++;
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    return promise.finally(() => {
      this.underWay--;
      signal.removeEventListener("abort", abort);
    });
  }
}

/** A run and what it gave. */
export interface Told {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly text: string;
  readonly report: RunReport;
  /** What the stages tell of themselves, by their word. */
  readonly facts: Readonly<Record<string, Readonly<Record<string, number | string>>>>;
}

/** What a test may set. */
export interface LookupRun {
  readonly resources?: Partial<Resources>;
  readonly limits?: Partial<Limits>;
  readonly options?: Partial<RunOptions>;
  readonly vocabulary?: Vocabulary;
}

/** Starts `pipeline` over chunks of text. */
export function startRun(
  pipeline: string,
  chunks: Iterable<string> | AsyncIterable<string>,
  { resources = {}, limits = {}, options = {}, vocabulary = VOCABULARY }: LookupRun = {},
): Run {
  const source = streamOf(chunks);
  return new Run({
    id: "test",
    plan: parsePipeline(pipeline, vocabulary).plan,
    pipeline,
    name: null,
    vocabulary,
    limits: { ...DEFAULT_LIMITS, ...limits },
    options: { ...DEFAULT_RUN_OPTIONS, ...options },
    body: source,
    figures: { wireBytes: 0, bytes: 0 },
    resources: { ...exampleResources(), ...resources },
  });
}

/** The chunks as bytes, each when it is asked for. */
function streamOf(
  chunks: Iterable<string> | AsyncIterable<string>,
): ReadableStream<Uint8Array> {
  const each = async function* () {
    yield* chunks;
  };
  const iterator = each();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(encodeText(value));
    },
    cancel: async () => void await iterator.return(),
  }, { highWaterMark: 0 });
}

/** Runs `pipeline` to its end. */
export async function tell(
  pipeline: string,
  chunks: Iterable<string> | AsyncIterable<string>,
  options: LookupRun = {},
): Promise<Told> {
  const run = startRun(pipeline, chunks, options);
  const decoder = new TextDecoder();
  let text = "";
  const read = async () => {
    for await (const chunk of run.results) text += decoder.decode(chunk, { stream: true });
  };
  const reading = read().catch(() => {});
  const { clock } = options.resources ?? {};
  const ended = Promise.all([run.ended, reading]).then(([report]) => report);
  const report = await (clock instanceof ManualClock ? clock.drive(ended) : ended);
  const rows = text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  const facts = Object.fromEntries(report.stages.map((stage) => [stage.stage, stage.facts]));
  return { rows, text, report, facts };
}

/** One NDJSON line each. */
export function lines(rows: Iterable<object>): string {
  return [...rows].map((row) => `${JSON.stringify(row)}\n`).join("");
}
