/**
 * What a run does with rejects: counted always, kept by policy.
 * @module
 */
import { RunError } from "../errors.ts";
import {
  type OnReject,
  type Reject,
  type RejectCounts,
  RejectTally,
  type RejectTold,
} from "../reject.ts";

/** How many rejects a run tolerates: a count, or a share of the lines in percent. */
export type RejectBudget = { readonly count: number } | { readonly percent: number };

/** What {@link Rejects.save} gives. */
export interface SavedRejects {
  readonly unread: number;
  readonly byClass: RejectCounts;
  readonly lines: readonly Reject[];
  readonly rows: readonly Reject[];
}

/** How many rejects the notice shows in full. */
const SAMPLES = 5;
/** A share of fewer lines than this says little, so a percentage is first looked at here, and at the end. */
const LINES_BEFORE_SHARE = 1000;

/**
 * The rejects of one run. Decisions depend on line numbers alone, never on how the upload was cut: a share is looked at
 * while lines are read for the lines among the rejects, and at the end for all. Holds at most twice {@link SAMPLES}
 * rejects and a few numbers.
 */
export class Rejects {
  lines = 0;
  /** Lines among the rejects. */
  #unread = 0;
  #ended = false;
  readonly #tally = new RejectTally();
  readonly #lineSamples: Reject[] = [];
  readonly #rowSamples: Reject[] = [];

  constructor(
    readonly policy: OnReject,
    readonly budget: RejectBudget | null,
    readonly emit: (reject: Reject) => void,
  ) {}

  get count(): number {
    return this.#tally.total;
  }

  get byClass(): RejectCounts {
    return this.#tally.report();
  }

  /** The first rejects, lines before rows. */
  get samples(): readonly Reject[] {
    return [...this.#lineSamples, ...this.#rowSamples].slice(0, SAMPLES);
  }

  /**
   * Takes one reject; what a stage takes is not written among the results. Throws RunError `rejects_exceeded` when the
   * policy or the budget says so.
   */
  add(reject: Reject, { policy = this.policy, taken = false }: RejectTold = {}): void {
    this.#tally.add(reject.class);
    const samples = reject.line === null ? this.#rowSamples : this.#lineSamples;
    if (reject.line !== null) this.#unread++;
    if (samples.length < SAMPLES) samples.push(reject);
    if (policy === "fail") throw new RunError("rejects_exceeded", refusal(reject), { reject });
    if (policy === "emit" && !taken) this.emit(reject);
    if (this.budget === null) return;
    const over = "count" in this.budget
      ? this.count > this.budget.count
      : reject.line !== null && reject.line >= LINES_BEFORE_SHARE &&
        this.#unread * 100 > this.budget.percent * reject.line;
    if (over) this.#exceeded();
  }

  /** All that was counted, for a run that goes on later. */
  save(): SavedRejects {
    const [lines, rows] = [this.#lineSamples, this.#rowSamples];
    return { unread: this.#unread, byClass: this.byClass, lines, rows };
  }

  /** Goes on where others were saved; the lines are told apart from them. */
  restore({ unread, byClass, lines, rows }: SavedRejects): void {
    this.#unread = unread;
    this.#tally.addAll(byClass);
    this.#lineSamples.push(...lines);
    this.#rowSamples.push(...rows);
  }

  /** When the input has ended: checks the share, and that something could be parsed. */
  close(): void {
    if (this.lines > 0 && this.#unread >= this.lines) {
      const first = this.#lineSamples[0];
      throw new RunError(
        "nothing_parsed",
        `None of the ${this.lines} lines could become a row; line ${first?.line}: ${first?.reason}`,
        { lines: this.lines, samples: this.samples },
      );
    }
    this.#ended = true;
    this.settle();
  }

  /** The last word, when no stage has anything more to say: checks the share of an input that was read to its end. */
  settle(): void {
    if (!this.#ended || this.budget === null || "count" in this.budget) return;
    if (this.count * 100 > this.budget.percent * this.lines) this.#exceeded();
  }

  #exceeded(): never {
    const allowed = "count" in this.budget! ? `${this.budget.count}` : `${this.budget!.percent}%`;
    throw new RunError(
      "rejects_exceeded",
      `More lines and rows were rejected than max_rejects=${allowed} allows`,
      { rejects: this.count, rejectsByClass: this.byClass, samples: this.samples },
    );
  }
}

function refusal({ line, stage, reason }: Reject): string {
  return line === null
    ? `\`${stage}\` could not take a row: ${reason}`
    : `Line ${line} could not become a row: ${reason}`;
}
