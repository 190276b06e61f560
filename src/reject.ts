/**
 * Rejects: lines that could not become rows, and rows that a stage could not take.
 * @module
 */
import { type Schema, schemaOf } from "./schema.ts";

/**
 * Why something was rejected, in few words: `syntax`, a line that is not what its format says; `length`, one that is
 * longer than allowed; `lookup`, a row for which what was asked elsewhere did not come; `thrown`, a row on which the
 * stage failed.
 */
export const REJECT_CLASSES = ["syntax", "length", "lookup", "thrown"] as const;

/** One of {@link REJECT_CLASSES}. */
export type RejectClass = (typeof REJECT_CLASSES)[number];

/** How many rejects there were of each class; classes without any are missing. */
export type RejectCounts = Readonly<Partial<Record<RejectClass, number>>>;

/** What happens to a reject: counted only, the run fails, or it is written among the results. */
export const REJECT_POLICIES = ["skip", "fail", "emit"] as const;

/** One of {@link REJECT_POLICIES}. */
export type OnReject = (typeof REJECT_POLICIES)[number];

/** A line that could not become a row, or a row that a stage could not take. */
export interface Reject {
  /** 1-based line number in the decoded upload; null for a row, which may be made of many lines or none. */
  readonly line: number | null;
  /** Byte offset of the line's first byte in the decoded upload; null for a row. */
  readonly offset: number | null;
  readonly stage: string;
  readonly class: RejectClass;
  /** What was expected and found: `Expected a status of three digits, found "abc"`. */
  readonly reason: string;
  /** The line itself, or the row as JSON, cut to 200 bytes. */
  readonly text: string;
}

/** What the plan says of a reject: the policy of its stage, in place of the run's, and whether a stage below takes it. */
export interface RejectTold {
  readonly policy?: OnReject | undefined;
  readonly taken?: boolean | undefined;
}

/** What a stage tells of a reject: a row's has no line; the class is `syntax` unless said otherwise. */
export type StageReject =
  & Pick<Reject, "reason" | "text">
  & Partial<Pick<Reject, "line" | "offset" | "class">>;

/** About what a reject takes besides its texts. */
const REJECT_BYTES = 160;

/** About what a reject takes in memory. */
export function rejectBytes({ text, reason }: Pick<Reject, "reason" | "text">): number {
  return REJECT_BYTES + 2 * (text.length + reason.length);
}

/** The reject that `stage` tells of. */
export function rejectOf(told: StageReject, stage: string): Reject {
  const { line = null, offset = null, class: name = "syntax", reason, text } = told;
  return { line, offset, stage, class: name, reason, text };
}

/** The fields of a reject as a row. */
export const REJECT_SCHEMA: Schema = schemaOf({
  line: "number",
  offset: "number",
  stage: "text",
  class: "text",
  reason: "text",
  text: "text",
});

/** The reject as if so many lines and bytes had come before. */
export function shifted(reject: Reject, lines: number, bytes: number): Reject {
  return {
    ...reject,
    line: reject.line === null ? null : reject.line + lines,
    offset: reject.offset === null ? null : reject.offset + bytes,
  };
}

/** What was counted between `before` and `now`. */
export function countsSince(now: RejectCounts, before: RejectCounts): RejectCounts {
  const since = REJECT_CLASSES.map((name) =>
    [name, (now[name] ?? 0) - (before[name] ?? 0)] as const
  );
  return Object.fromEntries(since.filter(([, count]) => count > 0));
}

/** What most tallies report: one object for all of them. */
const NO_REJECTS: RejectCounts = Object.freeze({});

/** Counts of rejects by class. */
export class RejectTally {
  /** Made by the first reject: most runs have none. */
  #counts: Map<RejectClass, number> | null = null;
  /** All of them. */
  total = 0;

  constructor(counts: RejectCounts = NO_REJECTS) {
    this.addAll(counts);
  }

  add(name: RejectClass, count = 1): void {
    this.total += count;
    this.#counts ??= new Map();
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  addAll(counts: RejectCounts): void {
    if (counts === NO_REJECTS) return;
    for (const name of REJECT_CLASSES) {
      const count = counts[name];
      if (count !== undefined) this.add(name, count);
    }
  }

  /** In the order of {@link REJECT_CLASSES}. */
  report(): RejectCounts {
    const counts = this.#counts;
    if (counts === null) return NO_REJECTS;
    const counted = REJECT_CLASSES.filter((name) => counts.has(name));
    return Object.fromEntries(counted.map((name) => [name, counts.get(name)!]));
  }
}
