/**
 * Where the time of a run goes, stage by stage, as the run's own report has it.
 * @module
 */
import type { RunReport } from "../src/pipeline/report.ts";

/** The run in the middle of several, by duration. Milliseconds of wall clock. */
export interface Profile {
  readonly durationMs: number;
  readonly lines: number;
  readonly bottleneck: string | null;
  readonly stages: readonly StageTime[];
  /** What no stage was busy for: socket, HTTP, decompression, streams, and waiting for the client. */
  readonly restMs: number;
}

/** One stage's share. */
export interface StageTime {
  readonly stage: string;
  readonly busyMs: number;
  readonly starvedMs: number;
  readonly blockedMs: number;
}

/** The profile of the run that took as long as half of the others did not. Throws without a report. */
export function profileOf(reports: readonly RunReport[]): Profile {
  const sorted = [...reports].sort((left, right) => left.durationMs - right.durationMs);
  const report = sorted[Math.floor(sorted.length / 2)];
  if (report === undefined) throw new Error("The server knows no run that it could report on");
  const stages = report.stages.map(({ stage, busyMs, starvedMs, blockedMs }) => ({
    stage,
    busyMs,
    starvedMs,
    blockedMs,
  }));
  // What is busy inside a nested pipeline is its stage's time already.
  const busy = stages.filter(({ stage }) => !stage.includes("."))
    .reduce((sum, { busyMs }) => sum + busyMs, 0);
  const { durationMs, lines, bottleneck } = report;
  return { durationMs, lines, bottleneck, stages, restMs: Math.max(0, durationMs - busy) };
}
