/**
 * What windows and sessions are told.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Column } from "../batch/column.ts";
import type { Clock } from "../resources.ts";
import type { Budget, Operator } from "../stage.ts";
import type { LatePolicy, LeftOut, TimesOf } from "./event_time.ts";

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
