/**
 * Runs pipelines without streams: text in under any cuts, NDJSON out, all that the stages reported kept.
 * @module
 */
import { encodeText } from "../../src/batch/text.ts";
import type { Batch } from "../../src/batch/batch.ts";
import { encodeRows } from "../../src/batch/ndjson.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/limits.ts";
import { assemble } from "../../src/pipeline/assemble.ts";
import type { StageServices } from "../../src/pipeline/stage_context.ts";
import { RunBudget } from "../../src/pipeline/budget.ts";
import { type AnyOperator, chain, type Chunk } from "../../src/pipeline/chain.ts";
import { Rejects } from "../../src/pipeline/rejects.ts";
import type { StageEvent } from "../../src/pipeline/report.ts";
import { parsePipeline } from "../../src/plan.ts";
import type { Reject } from "../../src/reject.ts";
import type { Resources } from "../../src/resources.ts";
import type { Vocabulary } from "../../src/vocabulary.ts";
import { VOCABULARY } from "../../stages/mod.ts";
import { between } from "./random.ts";
import { exampleResources } from "./resources.ts";

/** A pipeline at work, and what its stages have told. */
export interface Bench {
  /** Each makes another operator of one stage; the run's budget is shared. */
  readonly makers: readonly (() => AnyOperator)[];
  readonly names: readonly string[];
  readonly rejects: Reject[];
  readonly notices: Map<string, unknown>;
  readonly events: Omit<StageEvent, "at">[];
  readonly budget: RunBudget;
  /** Counts as a run does that skips rejects. */
  readonly policy: Rejects;
}

/** What a test may set. */
export interface BenchOptions {
  readonly vocabulary?: Vocabulary;
  readonly limits?: Partial<Limits>;
  readonly resources?: Resources;
}

/** Reads and checks `pipeline`; nothing runs yet. Throws what parsing and creating throw. */
export function bench(pipeline: string, options: BenchOptions = {}): Bench {
  const vocabulary = options.vocabulary ?? VOCABULARY;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const rejects: Reject[] = [];
  const told = {
    rejects,
    notices: new Map<string, unknown>(),
    budget: new RunBudget(limits.maxStateBytes),
    policy: new Rejects("skip", null, () => {}),
    events: [] as Omit<StageEvent, "at">[],
  };
  const services: StageServices = {
    vocabulary,
    limits,
    budget: told.budget,
    abort: new AbortController(),
    reject(reject, how) {
      rejects.push(reject);
      told.policy.add(reject, how);
    },
    lines(count) {
      told.policy.lines += count;
    },
    event: (event) => void told.events.push(event),
    resources: options.resources ?? exampleResources(),
    notice: (key, value) => void told.notices.set(key, value),
  };
  const { plan } = parsePipeline(pipeline, vocabulary);
  const { stages } = assemble(plan, services);
  for (const { operator } of stages) operator.dispose?.();
  return {
    ...told,
    makers: stages.map((stage) => () => stage.fresh(services)),
    names: stages.map(({ name }) => name),
  };
}

/** A run of a pipeline over some chunks. */
export interface Outcome extends Bench {
  /** The result, one JSON object a line. */
  readonly output: string;
  /** The result's rows, read back from {@link Outcome.output}. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** Runs `pipeline` over `input`, cut at the byte offsets `cuts`. Throws what a run fails with. */
export async function run(
  pipeline: string,
  input: string | Uint8Array,
  options: BenchOptions & { readonly cuts?: readonly number[] } = {},
): Promise<Outcome> {
  const made = bench(pipeline, options);
  const bytes = typeof input === "string" ? encodeText(input) : input;
  const whole = chain(made.makers);
  try {
    const output = textOf(await outputsOf(whole, cut(bytes, options.cuts ?? [])));
    if (!whole.done) made.policy.close();
    return { ...made, output, rows: rowsOf(output) };
  } finally {
    whole.dispose?.();
  }
}

/** Everything that `operator` gives for `chunks`, what it finishes with included. */
export async function outputsOf(
  operator: AnyOperator,
  chunks: Iterable<Chunk>,
): Promise<readonly Batch[]> {
  const outputs: Batch[] = [];
  for (const chunk of chunks) {
    if (operator.done) break;
    outputs.push(...await operator.push(chunk));
  }
  for await (const batch of operator.finish?.() ?? []) outputs.push(batch);
  return outputs;
}

/** Batches as NDJSON, as a response has them. */
export function textOf(batches: Iterable<Batch>): string {
  const decoder = new TextDecoder();
  return [...batches].map((batch) => decoder.decode(encodeRows(batch))).join("");
}

/** The objects of NDJSON. */
export function rowsOf(output: string): readonly Readonly<Record<string, unknown>>[] {
  return output.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** `bytes` in pieces that end at the offsets `cuts`, each in memory of its own. */
export function cut(bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  const ends = [...cuts, bytes.length];
  return ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end)).filter((piece) =>
    piece.length > 0
  );
}

/** Every offset inside `length` bytes: pieces of one byte. */
export function everyByte(length: number): readonly number[] {
  return Array.from({ length: Math.max(0, length - 1) }, (_, index) => index + 1);
}

/** Up to 20 offsets inside `length` bytes. */
export function randomCuts(random: () => number, length: number): readonly number[] {
  const count = between(random, 0, Math.min(20, length));
  return Array.from({ length: count }, () => between(random, 0, length)).sort((a, b) => a - b);
}
