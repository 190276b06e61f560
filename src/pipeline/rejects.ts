/**
 * Rejects: lines that could not become rows, counted always, kept by policy.
 * @module
 */
import { RunError } from "../errors.ts";
import type { Reject } from "../stage.ts";

/** What happens to a reject: counted only, the run fails, or it is written among the results. */
export type OnReject = "skip" | "fail" | "emit";

/** How many rejects a run tolerates: a count, or a share of the lines in percent. */
export type RejectBudget = { readonly count: number } | { readonly percent: number };

/** How many rejects the notice shows in full. */
const SAMPLES = 5;
/** A share of fewer lines than this says little, so a percentage is first looked at here, and at the end. */
const LINES_BEFORE_SHARE = 1000;

/**
 * The rejects of one run. Decisions depend on line numbers alone, never on how the upload was cut.
 * Holds {@link SAMPLES} rejects and two numbers.
 */
export class Rejects {
  count = 0;
  lines = 0;
  readonly samples: Reject[] = [];

  constructor(
    readonly policy: OnReject,
    readonly budget: RejectBudget | null,
    readonly emit: (reject: Reject) => void,
  ) {}

  /** Takes one reject. Throws RunError `rejects_exceeded` when the policy or the budget says so. */
  add(reject: Reject): void {
    this.count++;
    if (this.samples.length < SAMPLES) this.samples.push(reject);
    if (this.policy === "fail") {
      throw new RunError(
        "rejects_exceeded",
        `Line ${reject.line} could not become a row: ${reject.reason}`,
        { reject },
      );
    }
    if (this.policy === "emit") this.emit(reject);
    if (this.budget === null) return;
    const over = "count" in this.budget
      ? this.count > this.budget.count
      : reject.line >= LINES_BEFORE_SHARE && this.#overShare(reject.line, this.budget.percent);
    if (over) this.#exceeded();
  }

  /** The last word, when the input has ended: checks the share, and that something could be parsed. */
  close(): void {
    if (this.lines > 0 && this.count >= this.lines) {
      const first = this.samples[0];
      throw new RunError(
        "nothing_parsed",
        `None of the ${this.lines} lines could become a row; line ${first?.line}: ${first?.reason}`,
        { lines: this.lines, samples: this.samples },
      );
    }
    if (this.budget !== null && "percent" in this.budget) {
      if (this.#overShare(this.lines, this.budget.percent)) this.#exceeded();
    }
  }

  #overShare(lines: number, percent: number): boolean {
    return this.count * 100 > percent * lines;
  }

  #exceeded(): never {
    const allowed = "count" in this.budget! ? `${this.budget.count}` : `${this.budget!.percent}%`;
    throw new RunError(
      "rejects_exceeded",
      `More lines could not become rows than max_rejects=${allowed} allows`,
      { rejects: this.count, samples: this.samples },
    );
  }
}
