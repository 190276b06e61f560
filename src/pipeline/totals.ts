/**
 * What all runs of a server have done, summed up by names of which there are few: words of the language and names of
 * pipelines, never a user's text.
 * @module
 */
import { BATCH_TIME_BOUNDS, bucketOf } from "./batch_times.ts";
import { RejectTally } from "../reject.ts";
import type { RunReport, StageReport } from "./report.ts";

/** The sums of one stage's word in one named pipeline; the name is empty for pipelines without one. */
export interface StageTotals {
  readonly stage: string;
  readonly pipeline: string;
  rowsIn: number;
  rowsOut: number;
  bytesIn: number;
  bytesOut: number;
  batchesIn: number;
  batchesOut: number;
  readonly rejects: RejectTally;
  busyMs: number;
  starvedMs: number;
  blockedMs: number;
  /** Batches by how long they took: one count a bucket of BATCH_TIME_BOUNDS and one for what was longer. */
  readonly batchTimes: number[];
  batchMs: number;
  /** Of live runs alone. */
  queueDepthRows: number;
  queueDepthBytes: number;
  queueBoundRows: number;
  queueBoundBytes: number;
}

/** The sums of the runs of one pipeline name that came to one end: `running`, `complete`, or an error's code. */
export interface RunTotals {
  readonly pipeline: string;
  readonly outcome: string;
  runs: number;
  wireBytes: number;
  bytes: number;
  lines: number;
  rows: number;
  rejects: number;
  durationMs: number;
}

/** The sums of one pipeline name, by a stage's word and by how runs ended. */
interface PipelineTotals {
  readonly stages: Map<string, StageTotals>;
  readonly runs: Map<string, RunTotals>;
}

/** Sums of runs. Grows with the words and named pipelines that are used, not with the runs. */
export class Totals {
  readonly #pipelines = new Map<string, PipelineTotals>();

  /** Starts with a copy of `before`. */
  constructor(before?: Totals) {
    if (before === undefined) return;
    for (const [pipeline, { stages, runs }] of before.#pipelines) {
      const copy = this.#of(pipeline);
      for (const [word, sums] of stages) {
        const rejects = new RejectTally(sums.rejects.report());
        copy.stages.set(word, { ...sums, rejects, batchTimes: [...sums.batchTimes] });
      }
      for (const [outcome, sums] of runs) copy.runs.set(outcome, { ...sums });
    }
  }

  get stages(): Iterable<StageTotals> {
    return this.#pipelines.values().flatMap(({ stages }) => stages.values());
  }

  get runs(): Iterable<RunTotals> {
    return this.#pipelines.values().flatMap(({ runs }) => runs.values());
  }

  /** Adds what a run has done so far, or did. */
  add(report: RunReport): void {
    const pipeline = report.name ?? "";
    const totals = this.#of(pipeline);
    const outcome = report.state === "failed" ? report.error?.code ?? "failed" : report.state;
    let sums = totals.runs.get(outcome);
    if (sums === undefined) totals.runs.set(outcome, sums = noRuns(pipeline, outcome));
    sums.runs++;
    sums.wireBytes += report.wireBytes;
    sums.bytes += report.bytes;
    sums.lines += report.lines;
    sums.rows += report.rows;
    sums.rejects += report.rejects;
    sums.durationMs += report.durationMs;
    for (const stage of report.stages) {
      addStage(totals, stage, pipeline, report.state === "running");
    }
  }

  #of(pipeline: string): PipelineTotals {
    let totals = this.#pipelines.get(pipeline);
    if (totals === undefined) {
      this.#pipelines.set(pipeline, totals = { stages: new Map(), runs: new Map() });
    }
    return totals;
  }
}

function addStage(
  { stages }: PipelineTotals,
  report: StageReport,
  pipeline: string,
  live: boolean,
): void {
  const word = report.stage.slice(report.stage.lastIndexOf(".") + 1);
  let sums = stages.get(word);
  if (sums === undefined) stages.set(word, sums = noStages(word, pipeline));
  // One by one: names that a loop looks up cost 5 microseconds a small run.
  sums.rowsIn += report.rowsIn;
  sums.rowsOut += report.rowsOut;
  sums.bytesIn += report.bytesIn;
  sums.bytesOut += report.bytesOut;
  sums.batchesIn += report.batchesIn;
  sums.batchesOut += report.batchesOut;
  sums.rejects.addAll(report.rejectsByClass);
  sums.busyMs += report.busyMs;
  sums.starvedMs += report.starvedMs;
  sums.blockedMs += report.blockedMs;
  sums.batchMs += report.batchTimes.sumMs;
  const { buckets } = report.batchTimes;
  for (const name in buckets) sums.batchTimes[bucketOf(name)]! += buckets[name]!;
  if (!live) return;
  const unit = report.queueUnit === "rows" ? "Rows" : "Bytes";
  sums[`queueDepth${unit}`] += report.queueDepth;
  if (Number.isFinite(report.queueBound)) sums[`queueBound${unit}`] += report.queueBound;
}

function noRuns(pipeline: string, outcome: string): RunTotals {
  const none = { runs: 0, wireBytes: 0, bytes: 0, lines: 0, rows: 0, rejects: 0, durationMs: 0 };
  return { pipeline, outcome, ...none };
}

function noStages(stage: string, pipeline: string): StageTotals {
  return {
    stage,
    pipeline,
    rowsIn: 0,
    rowsOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    batchesIn: 0,
    batchesOut: 0,
    rejects: new RejectTally(),
    busyMs: 0,
    starvedMs: 0,
    blockedMs: 0,
    batchTimes: new Array(BATCH_TIME_BOUNDS.length + 1).fill(0),
    batchMs: 0,
    queueDepthRows: 0,
    queueDepthBytes: 0,
    queueBoundRows: 0,
    queueBoundBytes: 0,
  };
}
