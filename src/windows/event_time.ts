/**
 * Event time: when a row says that it happened, and what became of rows that said it too late or not at all.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { toTime } from "../expression/compare.ts";
import { compile } from "../expression/compile.ts";
import { MAX_TIME_MS } from "../expression/instant.ts";
import { selectedRows } from "../expression/rows.ts";
import { textInstants } from "../kernel/instant_kernel.ts";
import type { Expression, FieldReference } from "../language/syntax.ts";
import type { StageContext } from "../stage.ts";

/** The longest window, session gap or lateness: a leap year. */
export const MOST_MS = 366 * 86_400_000;
/** Times nearer to the end of what a `Date` holds have windows that end beyond it. */
const MOST_TIME_MS = MAX_TIME_MS - 2 * MOST_MS;

/** The field that holds a row's time unless the pipeline names another. */
export const TIME_FIELD: FieldReference = {
  kind: "field",
  path: ["time"],
  at: { start: 0, end: 0 },
};

/** The time of each physical row that counts, in milliseconds since 1970; NaN where there is none. */
export type TimesOf = (batch: Batch) => Float64Array;

/** Reads times as `bin` does: an instant, a number of milliseconds since 1970, or text in ISO 8601. */
export function compileTimes(
  on: Expression,
  { schema, vocabulary }: Pick<StageContext, "schema" | "vocabulary">,
): TimesOf {
  const evaluate = compile(on, schema, vocabulary.functions);
  return (batch) => {
    const column = evaluate(batch);
    if (column.kind === "time") return column.values;
    const rows = selectedRows(batch);
    // A text has a year of four digits, so no time is too far away.
    const read = column.kind === "text" ? textInstants(column, rows.length) : null;
    if (read !== null) return read.slice();
    const times = new Float64Array(batch.rows).fill(NaN);
    for (const row of rows) {
      const time = column.kind === "number" ? column.values[row]! : toTime(column.value(row));
      if (Math.abs(time) <= MOST_TIME_MS) times[row] = time;
    }
    return times;
  };
}

/** What happens to a row whose window or session is over. */
export const LATE_POLICIES = ["drop", "update", "emit"] as const;

/** One of {@link LATE_POLICIES}. */
export type LatePolicy = (typeof LATE_POLICIES)[number];

/** Counts the rows that are in no window, and tells of them in the notice and the report. */
export class LeftOut {
  late = 0;
  untimed = 0;
  #told = 0;

  constructor(
    readonly stage: string,
    readonly policy: LatePolicy,
    readonly context: Pick<StageContext, "notice" | "fact">,
  ) {}

  /** Tells what has changed; to be called once a batch. */
  tell(): void {
    const all = this.late + this.untimed;
    if (all === this.#told) return;
    this.#told = all;
    this.context.fact("late", this.late);
    this.context.fact("without_time", this.untimed);
    const dropped = this.policy === "emit" ? 0 : this.late;
    if (dropped + this.untimed === 0) return;
    this.context.notice(this.stage, {
      ...(dropped > 0 && { lateRowsDropped: dropped }),
      ...(this.untimed > 0 && { rowsWithoutTime: this.untimed }),
    });
  }

  save(): readonly [number, number] {
    return [this.late, this.untimed];
  }

  restore([late, untimed]: readonly [number, number]): void {
    this.late = late;
    this.untimed = untimed;
    this.tell();
  }
}
