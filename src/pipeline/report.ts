/**
 * The figures of a run: what `GET /v1/runs/ID`, the `end` event and the spans all show.
 * @module
 */
import type { BatchTimes } from "./batch_times.ts";
import type { RunError } from "../errors.ts";
import type { RejectCounts } from "../reject.ts";

/** The part of a {@link StageReport} that adds up over threads. */
export type StageFigures = Pick<
  StageReport,
  | "rowsIn"
  | "rowsOut"
  | "bytesIn"
  | "bytesOut"
  | "batchesIn"
  | "batchesOut"
  | "busyMs"
  | "rejects"
  | "rejectsByClass"
>;

/** What one stage of one run did. Times in milliseconds of wall clock; a nested stage has no queue of its own. */
export interface StageReport {
  /** The stage's word; inside a nested pipeline with its place: `tee.1.where`. */
  readonly stage: string;
  readonly index: number;
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly batchesIn: number;
  readonly batchesOut: number;
  /** Working. */
  readonly busyMs: number;
  /** Waiting for input. */
  readonly starvedMs: number;
  /** Holding input, waiting for room below. */
  readonly blockedMs: number;
  /** The most that waited in the stage's input queue at once, and its bound, in `queueUnit`. */
  readonly queueHighWater: number;
  readonly queueBound: number;
  /** What waits there now. */
  readonly queueDepth: number;
  readonly queueUnit: "rows" | "bytes";
  readonly rejects: number;
  readonly rejectsByClass: RejectCounts;
  /** How long the stage took for its batches. */
  readonly batchTimes: BatchTimes;
  /** What only stages of this word can tell, by name. */
  readonly facts: Readonly<Record<string, number | string>>;
}

/** A change that a stage told of. */
export interface StageEvent extends Pick<StageReport, "stage" | "index"> {
  readonly name: string;
  readonly attributes: Readonly<Record<string, number | string>>;
  /** Milliseconds since the run began. */
  readonly at: number;
}

/** Where a run stands; `parked` is a resumable one whose part has ended well and whose next has not begun. */
export type RunState = "running" | "parked" | "complete" | "failed";

/** What one run did. Sizes in bytes: `wireBytes` as they came, `bytes` decoded. */
export interface RunReport {
  readonly id: string;
  readonly state: RunState;
  readonly error: RunError | null;
  /** The pipeline as text. */
  readonly pipeline: string;
  /** The name of a named pipeline. */
  readonly name: string | null;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly wireBytes: number;
  readonly bytes: number;
  /** Lines read, parsed or not. */
  readonly lines: number;
  /** Result rows written. */
  readonly rows: number;
  /** Lines that could not become rows, and rows that stages could not take. */
  readonly rejects: number;
  readonly rejectsByClass: RejectCounts;
  /** What the run waited for most: `upload`, `download`, or a stage's word. */
  readonly bottleneck: string | null;
  readonly stages: readonly StageReport[];
  /** The latest hundred that stages told of, oldest first. */
  readonly events: readonly StageEvent[];
}

/**
 * Which outer stage holds a run up that does not move: the first that has input waiting while the one below has none;
 * `download` in the name of the last stage when only results wait. Null when nothing waits.
 */
export function blockedBy(
  stages: readonly StageReport[],
  resultsTaken: boolean,
): Pick<StageReport, "stage" | "index"> | null {
  const outer = stages.filter((stage) => !isNested(stage));
  const last = outer.at(-1);
  if (last === undefined) return null;
  if (!resultsTaken) return { stage: "download", index: last.index };
  return outer.findLast((stage) => stage.queueDepth > 0) ?? null;
}

/**
 * What held the run up longest: the upload (the first stage was starved while no stage worked), the download (the last
 * stage was blocked), or the stage that was busy longest. Null before anything happened.
 */
export function bottleneckOf(stages: readonly StageReport[]): string | null {
  let first: StageReport | null = null;
  let last: StageReport | null = null;
  let busiest: StageReport | null = null;
  let busy = 0;
  for (const stage of stages) {
    if (isNested(stage)) continue;
    first ??= stage;
    last = stage;
    busy += stage.busyMs;
    if (busiest === null || stage.busyMs > busiest.busyMs) busiest = stage;
  }
  if (first === null || last === null || busiest === null) return null;
  const upload = first.starvedMs - (busy - first.busyMs);
  const download = last.blockedMs;
  const most = Math.max(busiest.busyMs, upload, download);
  if (!(most > 0)) return null;
  if (most === busiest.busyMs) return busiest.stage;
  return most === upload ? "upload" : "download";
}

function isNested({ stage }: StageReport): boolean {
  return stage.includes(".");
}

let lastMs = 0;
let lastInstant = "";

/** The time as a report's `startedAt`. Many small runs begin in one millisecond, and to write it down costs half a microsecond. */
export function instantNow(): string {
  const now = Date.now();
  if (now !== lastMs) lastInstant = new Date(now).toISOString();
  lastMs = now;
  return lastInstant;
}
