/**
 * What windows and sessions are told.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Column } from "../batch/column.ts";
import { argument } from "../language/arguments.ts";
import type { Expression } from "../language/syntax.ts";
import type { Clock } from "../resources.ts";
import type { Schema } from "../schema.ts";
import type { Budget, CheckContext, Operator } from "../stage.ts";
import {
  LATE_POLICIES,
  type LatePolicy,
  type LeftOut,
  MOST_MS,
  TIME_FIELD,
  type TimesOf,
} from "./event_time.ts";

/** The arguments of `window` and of `session` that say where time is, and what becomes of rows that are late for `what`. */
export const timeArguments = (what: "session" | "window") => ({
  on: argument.expression({
    description: "The time of a row; by default the field `time`",
    keyword: "on",
  }).optional(),
  lateness: argument.duration({
    description: "How far the watermark is behind the latest time seen",
    option: true,
    maximum: MOST_MS,
  }).default(0),
  late: argument.choice(LATE_POLICIES, {
    description: `What becomes of rows whose ${what} is over`,
    option: true,
  }).default("drop"),
});

/** What was given for these arguments. */
export interface TimeArguments {
  readonly on?: Expression | undefined;
  readonly lateness: number;
  readonly late: LatePolicy;
}

/** What is read of rows besides what arguments name: the field `time`, or the whole row where late ones are passed on. */
export function readsTime({ on, late }: TimeArguments): readonly Expression[] | "all" {
  return late === "emit" ? "all" : on === undefined ? [TIME_FIELD] : [];
}

/** Reports a time that cannot be read, and late rows that nothing waits for. */
export function checkTime(
  { on, late, lateness }: TimeArguments,
  input: Schema,
  check: CheckContext,
  what: "Sessions" | "Windows",
): void {
  const at = { start: 0, end: 0 };
  check.expression(on ?? { ...TIME_FIELD, at }, input);
  if (late !== "update" || lateness > 0) return;
  check.issue({
    message: "`late=update` needs a `lateness` above 0, found 0 ms",
    at,
    hint: `${what} are kept that long for late rows: write \`lateness=30s\``,
  });
}

/** How windows are cut, and what they work with. */
export interface WindowedOptions {
  readonly lengthMs: number;
  /** Windows start at the multiples of this since 1970; the length is a multiple of it. */
  readonly everyMs: number;
  /** The watermark is this far behind the latest time seen. */
  readonly latenessMs: number;
  readonly late: LatePolicy;
  /** Milliseconds between early panes; null for none. */
  readonly earlyMs: number | null;
  readonly timesOf: TimesOf;
  readonly leftOut: LeftOut;
  readonly budget: Budget;
  readonly clock: Clock;
  /** Another instance of the nested pipeline. */
  make(): Operator<Batch, Batch>;
  wake(): void;
}

/** How sessions are cut, and what they work with. */
export interface SessionsOptions {
  readonly gapMs: number;
  /** The watermark is this far behind the latest time seen. */
  readonly latenessMs: number;
  readonly late: LatePolicy;
  readonly timesOf: TimesOf;
  readonly keys: readonly {
    readonly name: string;
    readonly evaluate: (batch: Batch) => Column;
  }[];
  readonly leftOut: LeftOut;
  readonly budget: Budget;
  /** Another instance of the nested pipeline; with `false` one for a snapshot. */
  make(observed?: boolean): Operator<Batch, Batch>;
}
