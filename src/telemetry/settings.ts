/**
 * The OpenTelemetry environment variables that the SDK leaves to its user. Those about one exporter's connection
 * (headers, timeout, compression, certificates) and the resource are read by the SDK's own packages.
 * @module
 */

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Tells the operator one line. */
export type Warn = (message: string) => void;

/** Which samplers are known, by the name the standard gives them. */
const SAMPLERS = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

/** How spans are sampled; `ratio` is the share of traces to keep, for the two samplers that have one. */
export interface SamplerSettings {
  readonly name: (typeof SAMPLERS)[number];
  readonly ratio: number;
}

/** Bounds of the queue of ended spans; what is not set is the SDK's default. */
export interface BatchSettings {
  readonly scheduledDelayMillis?: number;
  readonly exportTimeoutMillis?: number;
  readonly maxQueueSize?: number;
  readonly maxExportBatchSize?: number;
}

/** What to export, and where. */
export interface ExportSettings {
  /** The full address that spans are posted to. */
  readonly url: string;
  readonly sampler: SamplerSettings;
  readonly batch: BatchSettings;
}

/**
 * What `env` asks for, or null when spans are to go nowhere: no endpoint, OTEL_SDK_DISABLED=true, or
 * OTEL_TRACES_EXPORTER without `otlp`. A value that cannot be used is named through `warn` and its default taken,
 * except for an endpoint that is not a URL: its default would send spans where nobody asked.
 */
export function readExportSettings(env: Environment, warn: Warn): ExportSettings | null {
  if (textOf(env, "OTEL_SDK_DISABLED")?.toLowerCase() === "true") return null;
  const url = endpointOf(env, "TRACES", warn);
  if (url === null || !exporterWanted(env, "TRACES", warn)) return null;
  warnOfProtocol(env, warn);
  return { url, sampler: samplerOf(env, warn), batch: batchOf(env, warn) };
}

/** Where metrics are posted to and how often, in milliseconds. */
export interface MetricsSettings {
  readonly url: string;
  readonly everyMs: number;
}

/** As {@link readExportSettings}, for metrics: null when they are to go nowhere. */
export function readMetricsSettings(env: Environment, warn: Warn): MetricsSettings | null {
  if (textOf(env, "OTEL_SDK_DISABLED")?.toLowerCase() === "true") return null;
  const url = endpointOf(env, "METRICS", warn);
  if (url === null || !exporterWanted(env, "METRICS", warn)) return null;
  const text = textOf(env, "OTEL_METRIC_EXPORT_INTERVAL") ?? "60000";
  const everyMs = Number(text);
  if (Number.isInteger(everyMs) && everyMs > 0) return { url, everyMs };
  warn(`OTEL_METRIC_EXPORT_INTERVAL is "${text}", use a whole number above 0; 60000 is taken`);
  return { url, everyMs: 60_000 };
}

type Signal = "TRACES" | "METRICS";

const WHAT = { TRACES: "Spans", METRICS: "Metrics" } as const;

function textOf(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

function endpointOf(env: Environment, signal: Signal, warn: Warn): string | null {
  for (
    const [name, path] of [
      [`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`, ""],
      ["OTEL_EXPORTER_OTLP_ENDPOINT", `v1/${signal.toLowerCase()}`],
    ] as const
  ) {
    const text = textOf(env, name);
    if (text === undefined) continue;
    const url = URL.parse(text);
    if (url !== null && /^https?:$/.test(url.protocol)) {
      return path === "" || text.endsWith("/") ? text + path : `${text}/${path}`;
    }
    warn(
      `${
        WHAT[signal]
      } are not exported: ${name} is "${text}", use a URL such as http://localhost:4318`,
    );
    return null;
  }
  return null;
}

function exporterWanted(env: Environment, signal: Signal, warn: Warn): boolean {
  const text = textOf(env, `OTEL_${signal}_EXPORTER`) ?? "otlp";
  const exporters = text.split(",").map((name) => name.trim());
  if (exporters.includes("otlp")) return true;
  if (!exporters.includes("none")) {
    warn(
      `${WHAT[signal]} are not exported: OTEL_${signal}_EXPORTER is "${text}", use otlp or none`,
    );
  }
  return false;
}

function warnOfProtocol(env: Environment, warn: Warn): void {
  for (const name of ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"]) {
    const protocol = textOf(env, name);
    if (protocol === undefined) continue;
    if (protocol !== "http/json") warn(`${name} is "${protocol}", spans are sent as http/json`);
    return;
  }
}

function samplerOf(env: Environment, warn: Warn): SamplerSettings {
  const text = textOf(env, "OTEL_TRACES_SAMPLER") ?? "parentbased_always_on";
  const name = SAMPLERS.find((sampler) => sampler === text);
  if (name === undefined) {
    warn(`OTEL_TRACES_SAMPLER is "${text}", use one of ${SAMPLERS.join(", ")}; all is sampled`);
    return { name: "parentbased_always_on", ratio: 1 };
  }
  if (!name.endsWith("traceidratio")) return { name, ratio: 1 };
  const argument = textOf(env, "OTEL_TRACES_SAMPLER_ARG") ?? "1";
  const ratio = Number(argument);
  if (ratio >= 0 && ratio <= 1) return { name, ratio };
  warn(`OTEL_TRACES_SAMPLER_ARG is "${argument}", use a share from 0 to 1; all is sampled`);
  return { name, ratio: 1 };
}

function batchOf(env: Environment, warn: Warn): BatchSettings {
  const settings: { -readonly [Name in keyof BatchSettings]: BatchSettings[Name] } = {};
  for (
    const [key, name] of [
      ["scheduledDelayMillis", "OTEL_BSP_SCHEDULE_DELAY"],
      ["exportTimeoutMillis", "OTEL_BSP_EXPORT_TIMEOUT"],
      ["maxQueueSize", "OTEL_BSP_MAX_QUEUE_SIZE"],
      ["maxExportBatchSize", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"],
    ] as const
  ) {
    const text = textOf(env, name);
    if (text === undefined) continue;
    const value = Number(text);
    if (Number.isInteger(value) && value > 0) settings[key] = value;
    else warn(`${name} is "${text}", use a whole number above 0; the default is taken`);
  }
  return settings;
}
