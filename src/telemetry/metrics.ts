/**
 * The metrics of a server: one list of what is measured, as OpenTelemetry metric data, which the OTLP exporter sends and
 * Prometheus reads. Nothing is recorded while batches flow: the figures that runs keep anyway are summed when asked.
 * @module
 */
import { type Attributes, type HrTime, ValueType } from "@opentelemetry/api";
import { PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { defaultResource, type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type CollectionResult,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type MetricProducer,
} from "@opentelemetry/sdk-metrics";
import { BATCH_TIME_BOUNDS } from "../pipeline/batch_times.ts";
import { REJECT_CLASSES, type RejectClass } from "../reject.ts";
import type { RunTotals, StageTotals, Totals } from "../pipeline/totals.ts";

export type { MetricProducer } from "@opentelemetry/sdk-metrics";

type Kind = "counter" | "gauge";

interface Measure<Sums> {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly kind: Kind;
  value(sums: Sums): number;
}

const STAGE_MEASURES: readonly Measure<StageTotals>[] = [
  counter("stage.rows_in", "{row}", "Rows that went into the stage", (sums) => sums.rowsIn),
  counter("stage.rows_out", "{row}", "Rows that came out of the stage", (sums) => sums.rowsOut),
  counter("stage.bytes_in", "By", "Bytes that went into the stage", (sums) => sums.bytesIn),
  counter("stage.bytes_out", "By", "Bytes that came out of the stage", (sums) => sums.bytesOut),
  counter("stage.batches_in", "{batch}", "Batches into the stage", (sums) => sums.batchesIn),
  counter("stage.batches_out", "{batch}", "Batches out of the stage", (sums) => sums.batchesOut),
  counter("stage.busy", "s", "Time the stage worked", (sums) => sums.busyMs / 1000),
  counter("stage.starved", "s", "Time it waited for input", (sums) => sums.starvedMs / 1000),
  counter("stage.blocked", "s", "Time it waited for room below", (sums) => sums.blockedMs / 1000),
  gauge("stage.queue_depth_rows", "{row}", "Waiting in queues now", (sums) => sums.queueDepthRows),
  gauge("stage.queue_depth_bytes", "By", "Waiting in queues now", (sums) => sums.queueDepthBytes),
  gauge("stage.queue_bound_rows", "{row}", "The most that may wait", (sums) => sums.queueBoundRows),
  gauge("stage.queue_bound_bytes", "By", "The most that may wait", (sums) => sums.queueBoundBytes),
];

/** The rejects of one class in the sums of a stage. */
interface ClassTotals extends StageTotals {
  readonly class: RejectClass;
  readonly count: number;
}

const REJECTS: Measure<ClassTotals> = counter(
  "stage.rejects",
  "{line}",
  "Lines that could not be rows and rows that the stage could not take, by class",
  (sums) => sums.count,
);

const RUN_MEASURES: readonly Measure<RunTotals>[] = [
  counter("runs", "{run}", "Runs by how they ended", (sums) => sums.runs),
  gauge("runs_live", "{run}", "Runs at work", (sums) => sums.outcome === "running" ? sums.runs : 0),
  counter("run.wire_bytes", "By", "Upload as it came", (sums) => sums.wireBytes),
  counter("run.bytes", "By", "Upload, decoded", (sums) => sums.bytes),
  counter("run.lines", "{line}", "Lines read", (sums) => sums.lines),
  counter("run.rows", "{row}", "Result rows written", (sums) => sums.rows),
  counter("run.rejects", "{line}", "Lines and rows rejected", (sums) => sums.rejects),
  counter(
    "run.duration",
    "s",
    "Time that ended runs took",
    ended((sums) => sums.durationMs / 1000),
  ),
];

/** What the metrics are of: this process. */
export function metricsResource(): Resource {
  return defaultResource().merge(resourceFromAttributes({ "service.name": "sluice" }));
}

/** Sums up at each collection what `totals` gives then; all counters begin when this is called. */
export function metricProducer(
  totals: () => Totals,
  resource: Resource = metricsResource(),
): MetricProducer & { collect(): Promise<CollectionResult> } {
  const begun = hrTime(Date.now());
  return {
    collect() {
      const metrics = metricsOf(totals(), begun, hrTime(Date.now()));
      const scopeMetrics = [{ scope: { name: "sluice" }, metrics }];
      return Promise.resolve({ resourceMetrics: { resource, scopeMetrics }, errors: [] });
    },
  };
}

/** The same as text for Prometheus. */
export async function prometheusText(producer: MetricProducer): Promise<string> {
  const { resourceMetrics } = await producer.collect();
  return new PrometheusSerializer(undefined, false, undefined, false, true).serialize(
    resourceMetrics,
  );
}

function metricsOf(totals: Totals, startTime: HrTime, endTime: HrTime): MetricData[] {
  const stages = [...totals.stages];
  const runs = [...totals.runs];
  const over = runs.filter((sums) => sums.outcome !== "running");
  const stageNames = (sums: StageTotals) => ({ stage: sums.stage, pipeline: sums.pipeline });
  const points = { startTime, endTime };
  return [
    ...RUN_MEASURES.map((measure) =>
      data(measure, measure.name === "runs" ? over : runs, points, (sums) => ({
        pipeline: sums.pipeline,
        ...(measure.name === "runs" && { outcome: sums.outcome }),
      }))
    ),
    ...STAGE_MEASURES.map((measure) => data(measure, stages, points, stageNames)),
    data(REJECTS, stages.flatMap(byClass), points, (sums) => ({
      ...stageNames(sums),
      class: sums.class,
    })),
    {
      descriptor: descriptor("stage.batch_duration", "s", "Time the stage took for a batch"),
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: stages.map((sums) => ({
        ...points,
        attributes: stageNames(sums),
        value: histogramOf(sums),
      })),
    },
  ];
}

function byClass(sums: StageTotals): ClassTotals[] {
  const counts = sums.rejects.report();
  return REJECT_CLASSES.filter((name) => counts[name] !== undefined)
    .map((name) => ({ ...sums, class: name, count: counts[name]! }));
}

function data<Sums>(
  { name, unit, description, kind, value }: Measure<Sums>,
  all: readonly Sums[],
  times: { readonly startTime: HrTime; readonly endTime: HrTime },
  attributes: (sums: Sums) => Attributes,
): MetricData {
  const dataPoints = summed(all.map((sums) => ({
    ...times,
    attributes: attributes(sums),
    value: value(sums),
  })));
  const common = {
    descriptor: descriptor(name, unit, description),
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPoints,
  };
  return kind === "gauge"
    ? { ...common, dataPointType: DataPointType.GAUGE }
    : { ...common, dataPointType: DataPointType.SUM, isMonotonic: true };
}

/** One point for each set of attributes. */
function summed(points: readonly DataPoint<number>[]): DataPoint<number>[] {
  const sums = new Map<string, DataPoint<number>>();
  for (const point of points) {
    const key = JSON.stringify(point.attributes);
    const before = sums.get(key)?.value ?? 0;
    sums.set(key, { ...point, value: before + point.value });
  }
  return [...sums.values()];
}

function histogramOf(sums: StageTotals): Histogram {
  return {
    buckets: {
      boundaries: BATCH_TIME_BOUNDS.map((bound) => bound / 1000),
      counts: sums.batchTimes,
    },
    sum: sums.batchMs / 1000,
    count: sums.batchTimes.reduce((total, count) => total + count, 0),
  };
}

function descriptor(name: string, unit: string, description: string) {
  return { name: `sluice.${name}`, unit, description, valueType: ValueType.DOUBLE };
}

function counter<Sums>(
  name: string,
  unit: string,
  description: string,
  value: (sums: Sums) => number,
): Measure<Sums> {
  return { name, unit, description, kind: "counter", value };
}

function gauge<Sums>(
  name: string,
  unit: string,
  description: string,
  value: (sums: Sums) => number,
): Measure<Sums> {
  return { name, unit, description, kind: "gauge", value };
}

function ended(value: (sums: RunTotals) => number): (sums: RunTotals) => number {
  return (sums) => sums.outcome === "running" ? 0 : value(sums);
}

function hrTime(milliseconds: number): HrTime {
  const seconds = Math.trunc(milliseconds / 1000);
  return [seconds, (milliseconds - seconds * 1000) * 1e6];
}
