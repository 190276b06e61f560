/**
 * The attributes of run and stage spans. All are named `sluice.*` with the unit last, except `error.type`, which is
 * OpenTelemetry's own. Sizes are in bytes, times in milliseconds; what is not known is left out.
 * @module
 */
import type { Attributes } from "@opentelemetry/api";
import type { RunReport, StageReport } from "../pipeline/report.ts";

/** Longer texts of users are cut: spans wait in memory for their export. */
const MAX_TEXT_CHARACTERS = 4096;

/** `text`, cut to 4096 characters with the cut marked. */
export function bounded(text: string): string {
  return text.length <= MAX_TEXT_CHARACTERS ? text : `${text.slice(0, MAX_TEXT_CHARACTERS - 1)}…`;
}

/** What is known of a run when it starts. */
export function startAttributes(
  run: { readonly runId: string; readonly pipeline: string; readonly pipelineName: string | null },
): Attributes {
  return {
    "sluice.run.id": run.runId,
    "sluice.pipeline": bounded(run.pipeline),
    ...(run.pipelineName !== null && { "sluice.pipeline.name": run.pipelineName }),
  };
}

/** What a run did. */
export function runAttributes(report: RunReport): Attributes {
  return {
    "sluice.run.state": report.state,
    "sluice.run.duration_ms": report.durationMs,
    "sluice.run.wire_bytes": report.wireBytes,
    "sluice.run.bytes": report.bytes,
    "sluice.run.lines": report.lines,
    "sluice.run.rows": report.rows,
    "sluice.run.rejects": report.rejects,
    ...(report.bottleneck !== null && { "sluice.run.bottleneck": report.bottleneck }),
    ...errorAttributes(report),
  };
}

/** What one stage of a run did. The queue's figures are named by its unit, `rows` or `bytes`. */
export function stageAttributes(stage: StageReport): Attributes {
  return {
    "sluice.stage.rows_in": stage.rowsIn,
    "sluice.stage.rows_out": stage.rowsOut,
    "sluice.stage.bytes_in": stage.bytesIn,
    "sluice.stage.bytes_out": stage.bytesOut,
    "sluice.stage.batches_in": stage.batchesIn,
    "sluice.stage.batches_out": stage.batchesOut,
    "sluice.stage.busy_ms": stage.busyMs,
    "sluice.stage.starved_ms": stage.starvedMs,
    "sluice.stage.blocked_ms": stage.blockedMs,
    [`sluice.stage.queue_high_water_${stage.queueUnit}`]: stage.queueHighWater,
    // OTLP in JSON has no Infinity.
    ...(Number.isFinite(stage.queueBound) && {
      [`sluice.stage.queue_bound_${stage.queueUnit}`]: stage.queueBound,
    }),
    "sluice.stage.rejects": stage.rejects,
  };
}

/** Which stage of a run a span is about. */
export function stageIdentity(stage: Pick<StageReport, "stage" | "index">): Attributes {
  return { "sluice.stage.name": stage.stage, "sluice.stage.index": stage.index };
}

/** The class of the failure, by its code; nothing for a run that did not fail. */
export function errorAttributes(report: RunReport): Attributes {
  return report.error === null ? {} : { "error.type": report.error.code };
}
