/**
 * What a part of a resumable upload keeps book of: rows that came before the end, rejects, notices, events.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { RunError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { StageServices } from "../pipeline/stage_context.ts";
import { type Envelope, ENVELOPES } from "../pipeline/envelope.ts";
import { EventLog } from "../pipeline/event_log.ts";
import { Notices } from "../pipeline/notices.ts";
import { Rejects, type SavedRejects } from "../pipeline/rejects.ts";
import type { RunReport, StageEvent } from "../pipeline/report.ts";
import { shutdownNotice, type Stopping } from "../pipeline/stopping.ts";
import { countsSince, type RejectCounts } from "../reject.ts";
import { KeptOutput } from "./kept_output.ts";
import { resumeOf, type UploadHead, withToken } from "./upload_head.ts";

/** What of a book is saved besides the counts in the head. */
export interface SavedBook {
  readonly rejects: SavedRejects;
  readonly notices: Readonly<Record<string, object | string>>;
}

/** All that a run is besides its head, as it is saved. */
export interface SavedRun extends SavedBook {
  readonly stages: readonly unknown[];
}

/** The counts of a whole upload so far. */
type Counts = Pick<UploadHead, "lines" | "rejects" | "rows" | "kept">;

/** The book of one part; it goes on with the counts of the parts before. */
export class UploadBook {
  readonly envelope: Envelope;
  readonly rejects: Rejects;
  readonly events: EventLog;
  readonly output: KeptOutput;
  /** Set when the server stops; that is of this part alone, and not saved. */
  stopping: Stopping | null = null;
  readonly #notices = new Notices();
  readonly #before: Counts;
  #rejectsBefore: RejectCounts = {};
  #rows: number;

  constructor(head: UploadHead, limits: Limits, onEvent?: (event: StageEvent) => void) {
    const { envelope, onReject, maxRejects } = head.options;
    this.#before = head;
    this.#rows = head.rows;
    this.envelope = ENVELOPES[envelope];
    this.events = new EventLog(onEvent);
    this.output = new KeptOutput(head.kept, limits.maxStateBytes);
    this.rejects = new Rejects(
      onReject,
      maxRejects,
      (reject) => this.output.add(this.envelope.reject(reject)),
    );
    this.rejects.lines = head.lines;
  }

  /** What the stages tell. */
  get services(): Pick<StageServices, "reject" | "lines" | "notice" | "event"> {
    return {
      reject: (reject, told) => this.rejects.add(reject, told),
      lines: (count) => void (this.rejects.lines += count),
      notice: (key, value) => this.#notices.add(key, value),
      event: (event) => this.events.add(event),
    };
  }

  /** Result rows as lines; they count from now on. */
  encode(batch: Batch): Iterable<Uint8Array> {
    this.#rows += batch.length;
    return this.envelope.rows(batch, null);
  }

  /** Keeps result rows that come before their reader. Throws RunError `budget_exceeded`. */
  keep(batches: readonly Batch[]): void {
    for (const batch of batches) {
      for (const piece of this.encode(batch)) this.output.add(piece);
    }
  }

  /** Of the whole upload. */
  get counts(): Counts {
    const { lines, count: rejects } = this.rejects;
    return { lines, rejects, rows: this.#rows, kept: this.output.kept };
  }

  /** Of this part alone. */
  get added(): Pick<RunReport, "lines" | "rejects" | "rejectsByClass" | "rows"> {
    const { lines, rejects, rows } = this.counts;
    const before = this.#before;
    return {
      lines: lines - before.lines,
      rejects: rejects - before.rejects,
      rejectsByClass: countsSince(this.rejects.byClass, this.#rejectsBefore),
      rows: rows - before.rows,
    };
  }

  /** The lines behind the last row: the notice, and the end with the figures of the whole upload. */
  closing(report: RunReport, head: UploadHead): readonly Uint8Array[] {
    const { stopping } = this;
    const known = this.#notices.all(this.rejects);
    const notice = stopping === null
      ? known
      : { ...known, ...shutdownNotice(stopping, resumeOf(head)) };
    const { kept: _kept, ...counts } = this.counts;
    const rejectsByClass = this.rejects.byClass;
    return [
      ...(notice === null ? [] : [this.envelope.notice(notice)]),
      this.envelope.end(() => ({ ...report, ...counts, rejectsByClass, state: "complete" })),
    ];
  }

  /** The error with what its client needs to go on. */
  told(error: RunError, head: UploadHead): RunError {
    return withToken(error, head, this.stopping);
  }

  save(): SavedBook {
    return { rejects: this.rejects.save(), notices: this.#notices.facts() };
  }

  /** Goes on where another book was saved. */
  restore({ rejects, notices }: SavedBook): void {
    this.rejects.restore(rejects);
    this.#rejectsBefore = rejects.byClass;
    for (const [key, fact] of Object.entries(notices)) this.#notices.add(key, fact);
  }
}
