/**
 * Words that throw, stall and wait for tests, and runs of them.
 * @module
 */
import { z } from "zod";
import { Batch } from "../../src/batch/batch.ts";
import { encodeText } from "../../src/batch/text.ts";
import { argument } from "../../src/language/arguments.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/limits.ts";
import type { RunReport } from "../../src/pipeline/report.ts";
import { Run } from "../../src/pipeline/run.ts";
import { DEFAULT_RUN_OPTIONS, type RunOptions } from "../../src/pipeline/run_input.ts";
import { DEFAULT_RESOURCES } from "../../src/resources.ts";
import { parsePipeline } from "../../src/plan.ts";
import { type Clock, SYSTEM_CLOCK } from "../../src/resources.ts";
import { type AnyStage, defineStage } from "../../src/stage.ts";
import { DEFAULT_STAGES, vocabularyOf } from "../../stages/mod.ts";

const FOR_TESTS = { summary: "For tests", description: "For tests.", examples: [] } as const;

/** Row-local; throws on each batch that has a row whose `bad` is true; with `later`, as a promise. */
export const POISONED: AnyStage = defineStage({
  ...FOR_TESTS,
  name: "poisoned",
  kind: "row-local",
  arguments: z.object({ later: argument.choice(["later"], { description: "When" }).optional() }),
  create: ({ later }) => ({
    push(batch: Batch) {
      const bad = [...batch.toRows()].filter((row) => row["bad"] === true).map((row) => row["n"]);
      const fault = new TypeError(`Cannot take row ${bad[0]}`);
      if (later === undefined && bad.length > 0) throw fault;
      if (later === undefined) return [batch];
      return Promise.resolve().then(() => {
        if (bad.length > 0) throw fault;
        return [batch];
      });
    },
  }),
});

let flakes = 0;

/** Throws at every other push, whichever of its operators is asked. */
export const FLAKY: AnyStage = defineStage({
  ...FOR_TESTS,
  name: "flaky",
  kind: "ordered",
  arguments: z.object({}),
  create: () => ({
    push(batch: Batch) {
      if (flakes++ % 2 === 0) throw new TypeError("Every other time");
      return [batch];
    },
  }),
});

/** Waits so long on the run's clock for each batch. */
export const SLOW: AnyStage = defineStage({
  ...FOR_TESTS,
  name: "slow",
  kind: "ordered",
  arguments: z.object({ pause: argument.duration({ description: "How long" }) }),
  create: ({ pause }, { resources, signal }) => ({
    push: (batch: Batch) =>
      new Promise<readonly Batch[]>((resolve, reject) => {
        const stop = resources.clock.after(pause, () => resolve([batch]));
        signal.addEventListener("abort", () => {
          stop();
          reject(signal.reason);
        }, { once: true });
      }),
  }),
});

/** Numbers its rows, and throws at the row of this number, once in each run: the operator that comes after the throw does not. */
export function brittleStage(): AnyStage {
  const thrown = new WeakSet<AbortSignal>();
  return defineStage({
    ...FOR_TESTS,
    name: "brittle",
    kind: "ordered",
    arguments: z.object({ at: argument.count({ description: "The row" }) }),
    create({ at }, { signal }) {
      let rows = 0;
      return {
        push(batch: Batch) {
          const numbered = [...batch.toRows()].map((row) => ({ ...row, number: ++rows }));
          if (rows >= at && !thrown.has(signal)) {
            thrown.add(signal);
            throw new TypeError(`Cannot take row ${at}`);
          }
          return [Batch.ofRows(numbered)];
        },
        save: () => rows,
        restore: (state) => void (rows = Number(state)),
      };
    },
  });
}

/** The default words and those above. */
export const FAULTY_WORDS = vocabularyOf([...DEFAULT_STAGES, POISONED, FLAKY, SLOW]);

/** A clock that strikes when it is told. */
export class TestClock implements Clock {
  readonly #timers = new Map<symbol, { readonly at: number; readonly then: () => void }>();
  #now = 0;

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, then: () => void): () => void {
    const timer = Symbol();
    this.#timers.set(timer, { at: this.#now + milliseconds, then });
    return () => void this.#timers.delete(timer);
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Goes on; what is due by then strikes in order. */
  advance(milliseconds: number): void {
    this.#now += milliseconds;
    const due = [...this.#timers].filter(([, { at }]) => at <= this.#now);
    for (const [timer, { then }] of due.sort(([, a], [, b]) => a.at - b.at)) {
      this.#timers.delete(timer);
      then();
    }
  }
}

/** What a test may set. */
export interface FaultyRunOptions {
  readonly options?: Partial<RunOptions>;
  readonly limits?: Partial<Limits>;
  readonly clock?: Clock;
}

/** Starts a run of `pipeline` over `body`. */
export function startFaulty(
  pipeline: string,
  body: ReadableStream<Uint8Array>,
  { options, limits, clock = SYSTEM_CLOCK }: FaultyRunOptions = {},
): Run {
  return new Run({
    id: "test",
    plan: parsePipeline(pipeline, FAULTY_WORDS).plan,
    pipeline,
    name: null,
    vocabulary: FAULTY_WORDS,
    limits: { ...DEFAULT_LIMITS, ...limits },
    options: { ...DEFAULT_RUN_OPTIONS, ...options },
    body,
    figures: { wireBytes: 0, bytes: 0 },
    resources: { ...DEFAULT_RESOURCES, clock },
  });
}

/** What a run answered. */
export interface FaultyOutcome {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly report: RunReport;
}

/** Reads a run to its end. */
export async function outcomeOf(run: Run): Promise<FaultyOutcome> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of run.results) text += decoder.decode(chunk, { stream: true });
  } catch {
    // A failed run's answer is cut; its last line says why.
  }
  const rows = text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  return { rows, report: await run.ended };
}

/** Runs `pipeline` over the lines, and `rest` behind them, in pieces that end at the offsets `cuts`. */
export function runFaulty(
  pipeline: string,
  lines: readonly string[],
  settings: FaultyRunOptions & { readonly cuts?: readonly number[]; readonly rest?: string } = {},
): Promise<FaultyOutcome> {
  const bytes = encodeText(lines.map((line) => `${line}\n`).join("") + (settings.rest ?? ""));
  const ends = [...settings.cuts ?? [], bytes.length];
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const end = ends.shift();
      if (end === undefined) return controller.close();
      if (end > at) controller.enqueue(bytes.slice(at, end));
      at = Math.max(at, end);
    },
  }, { highWaterMark: 0 });
  return outcomeOf(startFaulty(pipeline, body, settings));
}
