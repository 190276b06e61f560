/**
 * Envelopes: how results, facts and faults of a run become lines of NDJSON.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { encodePieces } from "../batch/ndjson.ts";
import { encodeText } from "../batch/text.ts";
import type { RunError } from "../errors.ts";
import type { Reject } from "../reject.ts";
import type { RunReport } from "./report.ts";

/** The envelopes by name. */
export type EnvelopeName = "rows" | "events";

/** What `start` tells. */
export interface StartFacts {
  readonly id: string;
  readonly pipeline: string;
  readonly name: string | null;
  readonly startedAt: string;
}

/** The lines of one kind of answer; an empty array where the envelope has no such line. */
export interface Envelope {
  start(facts: StartFacts): Uint8Array;
  /** Result rows, piece by piece; `set` numbers the last set of a run that sends snapshots, else null. */
  rows(batch: Batch, set: number | null): Generator<Uint8Array>;
  /** One snapshot: all its rows, as they would be if the upload ended now. */
  snapshot(batches: Iterable<Batch>, set: number): Generator<Uint8Array>;
  progress(report: RunReport): Uint8Array;
  reject(reject: Reject): Uint8Array;
  notice(facts: Readonly<Record<string, unknown>>): Uint8Array;
  /** The last line of a complete run; asks for its figures only where it shows them. */
  end(report: () => RunReport): Uint8Array;
  error(error: RunError): Uint8Array;
}

const NO_LINE = new Uint8Array(0);

/** Nothing but rows; what else the user must know stands in fields whose names begin with `$`. */
const ROWS: Envelope = {
  start: () => NO_LINE,
  rows: (batch, set) =>
    set === null ? encodePieces(batch) : encodePieces(batch, { $snapshot: set, $final: true }),
  *snapshot(batches, set) {
    for (const batch of batches) yield* encodePieces(batch, { $snapshot: set });
  },
  progress: () => NO_LINE,
  reject: (reject) => line({ $reject: reject }),
  notice: (facts) => line({ $notice: facts }),
  end: () => NO_LINE,
  error: (error) => line({ $error: error }),
};

/** Every line has one key, which names its kind. */
const EVENTS: Envelope = {
  start: (facts) => line({ start: facts }),
  *rows(batch) {
    for (const piece of encodePieces(batch)) yield wrapLines(piece, '{"row":', "}");
  },
  *snapshot(batches, set) {
    yield encodeText(`{"snapshot":{"number":${set},"rows":[`);
    let first = true;
    for (const batch of batches) {
      for (const piece of encodePieces(batch)) {
        for (const text of textLines(piece)) {
          yield encodeText((first ? "" : ",") + text);
          first = false;
        }
      }
    }
    yield encodeText("]}}\n");
  },
  progress: (report) =>
    line({
      progress: {
        durationMs: report.durationMs,
        wireBytes: report.wireBytes,
        bytes: report.bytes,
        lines: report.lines,
        rows: report.rows,
        rejects: report.rejects,
        rejectsByClass: report.rejectsByClass,
        bottleneck: report.bottleneck,
      },
    }),
  reject: (reject) => line({ reject }),
  notice: (facts) => line({ notice: facts }),
  end: (report) => line({ end: report() }),
  error: (error) => line({ error }),
};

/** The envelopes that a run may ask for. */
export const ENVELOPES: Readonly<Record<EnvelopeName, Envelope>> = { rows: ROWS, events: EVENTS };

function line(value: unknown): Uint8Array {
  return encodeText(JSON.stringify(value) + "\n");
}

const decoder = new TextDecoder();

function textLines(bytes: Uint8Array): string[] {
  return decoder.decode(bytes).split("\n").slice(0, -1);
}

function wrapLines(bytes: Uint8Array, before: string, after: string): Uint8Array {
  return encodeText(textLines(bytes).map((text) => `${before}${text}${after}\n`).join(""));
}
