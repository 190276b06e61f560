/**
 * Where metrics are pushed to: the OTLP exporter, loaded only when an endpoint is configured.
 * @module
 */
import type { MetricProducer } from "@opentelemetry/sdk-metrics";
import { metricsResource } from "./metrics.ts";
import { type Environment, readMetricsSettings, type Warn } from "./settings.ts";
import { announcer, SHUTDOWN_WAIT_MS, stop } from "./setup.ts";

/**
 * Pushes what `producer` collects, as the standard variables in `env` ask: OTEL_EXPORTER_OTLP_ENDPOINT or
 * OTEL_EXPORTER_OTLP_METRICS_ENDPOINT, every OTEL_METRIC_EXPORT_INTERVAL milliseconds, and once more at the end.
 * Without an endpoint nothing is loaded. `shutdown` resolves within 5 s and never rejects.
 */
export async function startMetrics(
  env: Environment,
  producer: MetricProducer,
  warn: Warn = (message) => console.error(message),
): Promise<{ shutdown(): Promise<void> }> {
  const settings = readMetricsSettings(env, warn);
  if (settings === null) return { shutdown: () => Promise.resolve() };
  const [{ MeterProvider, PeriodicExportingMetricReader }, { OTLPMetricExporter }] = await Promise
    .all([
      import("@opentelemetry/sdk-metrics"),
      import("@opentelemetry/exporter-metrics-otlp-http"),
    ]);
  const exporter = new OTLPMetricExporter({ url: settings.url });
  const told = announcer("Metrics", settings.url, warn);
  const send = exporter.export.bind(exporter);
  exporter.export = (metrics, done) =>
    send(metrics, (result) => {
      told(result);
      done(result);
    });
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: settings.everyMs,
    exportTimeoutMillis: Math.min(settings.everyMs, 30_000),
    metricProducers: [producer],
  });
  const provider = new MeterProvider({ resource: metricsResource(), readers: [reader] });
  return { shutdown: () => stop(provider, SHUTDOWN_WAIT_MS) };
}
