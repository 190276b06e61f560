/**
 * The stage contract: what one word of the language is. A file in stages/ exports one {@link StageDefinition} and
 * nothing else knows about it; grammar, JSON form, validation, documentation and tests all come from the definition.
 * @module
 */
import type { z } from "zod";
import type { Attempt } from "./attempt.ts";
import type { Batch } from "./batch/batch.ts";
import type { Demand } from "./language/demand.ts";
import type { Issue } from "./language/diagnostics.ts";
import type { Bound, Expression, Plan } from "./language/syntax.ts";
import type { Limits } from "./limits.ts";
import type { Reject, StageReject } from "./reject.ts";
import type { Resources } from "./resources.ts";
import type { FieldType, Schema } from "./schema.ts";
import type { Vocabulary } from "./vocabulary.ts";

/**
 * What a stage needs to see. `format` turns bytes into rows; `row-local` maps each row by itself, and keeps nothing when
 * `push` has returned; `ordered` needs the rows in order; `aggregate` all of them: it answers at the end, from mergeable
 * state, and keeps copies, no column and no view of one, since what spent rows were made of is used again.
 */
export type StageKind = "format" | "row-local" | "ordered" | "aggregate";

/** Memory of one run, counted in bytes by the stages that hold state. */
export interface Budget {
  /** Takes bytes; throws RunError `budget_exceeded` past the run's budget. A negative number gives back, and never throws. */
  take(bytes: number): void;
}

/** What a stage may know of the stage below while both run. */
export interface BelowFigures {
  /** Batches it has done, the milliseconds that took, and what it has rejected, since the run began. */
  readonly batches: number;
  readonly batchMs: number;
  readonly rejects: number;
  /** The time in which the share `quantile` of its batches was done, in milliseconds; null before the first. */
  quantileMs(quantile: number): number | null;
}

/** What a running stage may reach: nothing of HTTP, telemetry or the runtime. Its methods are called on it, so do not spread it. */
export interface StageContext {
  readonly limits: Limits;
  readonly budget: Budget;
  /** Aborts when the run ends early; for stages that wait. */
  readonly signal: AbortSignal;
  /** Reports a line that could not become a row, or a row that cannot go on; throws when the policy says so. */
  reject(reject: StageReject): void;
  /** For a stage that `takesRejects`: those of the stages above it in its pipeline, from now on. The stage is woken. */
  rejectsAbove(): RejectSource;
  /** Counts lines that came in, parsed or not, and besides the `empty` ones, which only move numbers; before their rejects. */
  lines(count: number, empty?: number): void;
  /** Adds a fact to the run's `$notice`: an approximation, a bound reached. Objects of one key are joined. */
  notice(key: string, value: object | string): void;
  /** Sets a figure of the report: what was dropped, hits. Those of several instances add up; of a `level` the latest holds. */
  fact(name: string, value: number | string, level?: "level"): void;
  /** Tells of work that goes on after the call that began it has returned: no state is saved before it has settled. */
  meanwhile(work: Promise<unknown>): void;
  /** Tells of a change, in the report and on the stage's span: a breaker opened, a lane was added. Rare, never a row's. */
  event(name: string, attributes?: Readonly<Record<string, number | string>>): void;
  /** Asks for {@link Operator.take} soon; may be called at any time, also from within a call of the operator. */
  wake(): void;
  readonly resources: Resources;
  /** How the stage below does; null when there is none on the same level. */
  below(): BelowFigures | null;
  /**
   * Starts a nested pipeline, observed as part of this stage; the caller disposes of it. Its rows are the stage's own, or
   * `rows`. When it has outputs to be taken, it calls `ring`; by default that wakes this stage.
   */
  nested(
    plan: Plan,
    label: string,
    options?: { readonly ring?: () => void; readonly rows?: Schema },
  ): Operator<Batch, Batch>;
  /**
   * For stages that run a nested pipeline many times, as by window: each call of what it gives starts another instance. All
   * are one entry a stage in the report, so make the first at once; with `false`, one for a snapshot that is not counted.
   */
  nestedFactory(plan: Plan, label: string): (observed?: boolean) => Operator<Batch, Batch>;
  /** As {@link StageContext.nestedFactory}, for instances whose work may come to nothing and be done again by others. */
  attempts(plan: Plan, label: string): () => Attempt;
  /** For a nested stage one object of all its instances in a run, the key of what they need to make only once; else null. */
  readonly common: object | null;
  /** The words this run uses; for compiling expressions and finding aggregates. */
  readonly vocabulary: Vocabulary;
  /** The rows that come in, as the plan knows them. */
  readonly schema: Schema;
  /** What the stages below read of the rows that come out: a format need not make other fields. */
  readonly demand: Demand;
}

/** Rejects that wait to be taken. They count in the budget, and the stages above wait when there are many. */
export interface RejectSource {
  /** All that wait, in order; they wait no more. */
  take(): readonly Reject[];
}

/** What framing bytes into rows needs of a context. */
export type FramingContext = Pick<
  StageContext,
  "limits" | "budget" | "lines" | "reject" | "demand"
>;

/** What `push` and `finish` give: nothing, or some outputs in order. */
export type Outputs<Out> = readonly Out[];

/** No outputs. */
export const NOTHING: readonly never[] = [];

/**
 * A stage at work. The pipeline runs each as one WHATWG TransformStream; inside a nested pipeline, and later on a
 * worker thread, the same object is called directly. Everything an operator keeps between calls is declared to the
 * budget. Calls never overlap.
 */
export interface Operator<In, Out> {
  /**
   * Takes one chunk and gives what it yields now: an amount in proportion to the chunk. Synchronous unless the stage
   * really waits. After {@link Operator.done} it is not called again.
   */
  push(chunk: In): Outputs<Out> | Promise<Outputs<Out>>;
  /**
   * For a stage that has outputs which no push asked for: a concurrent lookup came back, a timer struck. What is ready
   * now, which may be nothing. Called between pushes after {@link StageContext.wake}, when the stage below has room;
   * what is ready must be bounded by the stage itself. A push may wait for work, but never for this call.
   */
  take?(): Outputs<Out> | Promise<Outputs<Out>>;
  /** With {@link Operator.take}: true while it holds all that it wants to; its input then waits. A push must work even so, and may wait. */
  readonly full?: boolean;
  /** With `take`, where input must not wait for the stage below: takes a chunk while nobody asks for output, and `take` gives it. */
  offer?(chunk: In): void;
  /** The rest, after the last input; pulled one by one at the reader's pace, so it may be as long as it likes. */
  finish?(): Iterable<Out> | AsyncIterable<Out>;
  /** What {@link Operator.finish} would give if the input ended now, leaving the state as it is. */
  snapshot?(): Iterable<Out>;
  /** True once no further input can change the output: the pipeline then cancels the upload and finishes. */
  readonly done?: boolean;
  /** Frees what is held outside memory; called exactly once, however the run ends. */
  dispose?(): void;
  /**
   * The operator's whole state as plain data, dates, maps, sets or typed arrays (`src/checkpoint/encode.ts` lists them).
   * Between two calls, valid until the next; with {@link Operator.restore} it goes on where it was. A stage without it has no state at all:
   * the law tests hold every stage to that. Throws where work that a call has begun has failed since, as the next call would.
   */
  save?(): unknown;
  /** Adds a state that {@link Operator.save} of the same plan gave, as if its input had followed this one's. */
  merge?(state: unknown): void;
  /** Puts a saved state into this operator, which has had no input. Where it is missing, `merge` does that. */
  restore?(state: unknown): void;
}

/** An executable example: every stage has one, the tests run all, the documentation shows them. */
export interface StageExample {
  readonly title: string;
  readonly pipeline: string;
  /** The upload, as text. */
  readonly input: string;
  /** The answer: one JSON object a line. Exactly one of `output` and `error` is given. */
  readonly output?: string;
  /** The rendered pipeline issue, or the run error's message, to the letter. */
  readonly error?: string;
}

/** What checking a stage may use and report. */
export interface CheckContext {
  readonly vocabulary: Vocabulary;
  issue(issue: Issue): void;
  /** Checks an expression on rows of `input`, reporting its issues (unknown field, function, pattern, arity). */
  expression(expression: Expression, input: Schema): FieldType;
  /** Checks an expression that decides about rows: it must also be able to be true. */
  condition(condition: Expression, input: Schema): void;
  /** Checks a nested plan on rows of `input`, reporting its issues; gives the schema of what comes out. */
  nested(plan: Plan, input: Schema): Schema;
}

/** Why a server cannot run a stage, and what would help. */
export type Refusal = Pick<Issue, "message" | "hint">;

/** One word of the language. */
export interface StageDefinition<Shape extends z.ZodRawShape = z.ZodRawShape> {
  readonly name: string;
  readonly kind: StageKind;
  /**
   * For a format: set when the upload may be cut behind any line feed, and each slice gives the rows and rejects that
   * it gives in its place. Not so where a header names the fields or a quoted field may hold a line feed.
   */
  readonly framing?: "lines";
  /** One line, for tables. */
  readonly summary: string;
  /** What it promises, its edge cases and its memory, in Markdown. */
  readonly description: string;
  /** The arguments, in the order of the text; made with `argument.*` of src/language/arguments.ts. */
  readonly arguments: z.ZodObject<Shape>;
  readonly examples: readonly StageExample[];
  /**
   * Set when the stage reads no fields but those that its arguments name: `passed` when the rows that come in go on,
   * `made` when new ones do, or those of pipelines nested in it. By default it may read any field, so that formats above it make all.
   */
  readonly rows?: "passed" | "made";
  /** With `rows`: what the stage reads besides what its arguments name, such as a default; `all` for whole rows. */
  reads?(args: z.output<z.ZodObject<Shape>>): readonly Expression[] | "all";
  /** Whether a row gives the same wherever others go, but for what nested pipelines keep; by default for `row-local`. */
  stateless?(args: z.output<z.ZodObject<Shape>>): boolean;
  /** Set when it does to rows what the pipelines nested in it do, and no more: where these are row-local, it is. */
  readonly asNested?: true;
  /** Set when the stage, though neither a format nor row-local, reports rows by {@link StageContext.reject}. */
  readonly rejects?: true;
  /** Set when the stage asks for {@link StageContext.rejectsAbove}. */
  readonly takesRejects?: true;
  /** The rows that come out, given those that go in; default: the same. Reports what is wrong with the arguments. */
  schema?(args: z.output<z.ZodObject<Shape>>, input: Schema, check: CheckContext): Schema;
  /** Set when it asks or writes outside of the process: the rows of a snapshot never go through it. */
  readonly reachesOut?: true;
  /** Set when it waits for time to pass: rows that may still change never go through it. */
  readonly waits?: true;
  /** Where its kind and nested pipelines do not tell: a snapshot is of what it `kept`, a `rerun` of that through them, or `never`. */
  readonly previews?: "kept" | "rerun" | "never";
  /** Set when it gives exactly one row for each that comes in, in their order. */
  readonly rowForRow?: true | ((args: z.output<z.ZodObject<Shape>>) => boolean);
  /** Why this server cannot run it, as a host that may not be asked; null when it can. Asked before the upload is read. */
  refusal?(
    args: z.output<z.ZodObject<Shape>>,
    server: Pick<StageContext, "resources" | "vocabulary">,
  ): Refusal | null | Promise<Refusal | null>;
  /** The most bytes of state this stage keeps, `Infinity` when only the run's budget bounds it; default 0. */
  memory?(args: z.output<z.ZodObject<Shape>>, limits: Limits): number;
  /** Whether it does so little with a batch that it is to share the stream of the stage below, where that does not wait. */
  light?(args: z.output<z.ZodObject<Shape>>): boolean;
  /** Where its kind does not say so: that it keeps nothing of a batch it has done, or what the stages `nested` in it do. */
  keeps?(args: z.output<z.ZodObject<Shape>>): "nothing" | "nested" | undefined;
  /** Sets the bound of the stage's input queue, in place of the default. */
  queue?(args: z.output<z.ZodObject<Shape>>): Bound;
  /** A new operator with no shared state. */
  create(
    args: z.output<z.ZodObject<Shape>>,
    context: StageContext,
  ): Operator<Uint8Array, Batch> | Operator<Batch, Batch>;
}

/** A stage definition with its argument types forgotten: what registries and the pipeline handle. */
// deno-lint-ignore no-explicit-any -- the one place where argument types are erased; each definition is typed by defineStage
export type AnyStage = StageDefinition<any>;

/** Declares a stage; the identity function, there for its types. */
export function defineStage<Shape extends z.ZodRawShape>(
  definition: StageDefinition<Shape>,
): StageDefinition<Shape> {
  return definition;
}
