/**
 * Where spans go. The only file that knows the OpenTelemetry SDK, and it loads it only when an endpoint is configured.
 * @module
 */
import { ProxyTracerProvider, trace } from "@opentelemetry/api";
import type { Sampler, SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import {
  type Environment,
  type ExportSettings,
  readExportSettings,
  type SamplerSettings,
  type Warn,
} from "./settings.ts";

/** How long {@link Telemetry.shutdown} waits for a collector, in milliseconds. */
export const SHUTDOWN_WAIT_MS = 5000;

/** Telemetry of this process. */
export interface Telemetry {
  /** Whether spans go anywhere: to a collector, or to a provider that somebody else registered. */
  readonly enabled: boolean;
  /**
   * Sends what is left and stops. Resolves within `maxWaitMs` (default 5000) whatever the collector does; never
   * rejects. Touches only what this start registered.
   */
  shutdown(maxWaitMs?: number): Promise<void>;
}

const NOTHING_STARTED = { shutdown: () => Promise.resolve() };

/**
 * Starts exporting spans over OTLP/HTTP as the standard variables in `env` ask, which must be the process's own
 * environment since the SDK reads some of them there. Without an endpoint nothing is loaded. When a provider is
 * registered already (by `OTEL_DENO=true`, by the host, or by an earlier call) that one is used and nothing is added.
 * `warn` gets a line for each setting that cannot be used, and one each time the collector fails or comes back;
 * default: console.error. Holds at most OTEL_BSP_MAX_QUEUE_SIZE (2048) ended spans, and drops what is above.
 */
export async function startTelemetry(
  env: Environment,
  warn: Warn = (message) => console.error(message),
): Promise<Telemetry> {
  if (isRegistered()) return { enabled: true, ...NOTHING_STARTED };
  const settings = readExportSettings(env, warn);
  if (settings === null) return { enabled: false, ...NOTHING_STARTED };
  const provider = await makeProvider(settings, warn);
  // False when somebody registered one while the SDK was loading.
  if (!trace.setGlobalTracerProvider(provider)) {
    await stop(provider, SHUTDOWN_WAIT_MS);
    return { enabled: true, ...NOTHING_STARTED };
  }
  let stopped: Promise<void> | null = null;
  return {
    enabled: true,
    shutdown: (maxWaitMs = SHUTDOWN_WAIT_MS) =>
      stopped ??= stop(provider, maxWaitMs).then(() => trace.disable()),
  };
}

function isRegistered(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) ||
    provider.getDelegateTracer("sluice") !== undefined;
}

async function makeProvider(settings: ExportSettings, warn: Warn): Promise<TracerProvider> {
  const [sdk, resources, { OTLPTraceExporter }] = await Promise.all([
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/resources"),
    import("@opentelemetry/exporter-trace-otlp-http"),
  ]);
  const configured = resources.detectResources({
    detectors: [resources.resourceAttributesEnvDetector, resources.serviceNameEnvDetector],
  });
  const exporter = announcing(new OTLPTraceExporter({ url: settings.url }), settings.url, warn);
  return new sdk.TracerProvider({
    resource: resources.defaultResource()
      .merge(resources.resourceFromAttributes({ "service.name": "sluice" }))
      .merge(configured),
    sampler: samplerOf(sdk, settings.sampler),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, ...settings.batch })],
  });
}

function samplerOf(
  sdk: typeof import("@opentelemetry/sdk-trace"),
  { name, ratio }: SamplerSettings,
): Sampler {
  const root = name.endsWith("always_on")
    ? new sdk.AlwaysOnSampler()
    : name.endsWith("always_off")
    ? new sdk.AlwaysOffSampler()
    : new sdk.TraceIdRatioBasedSampler(ratio);
  return name.startsWith("parentbased_") ? new sdk.ParentBasedSampler({ root }) : root;
}

/** The exporter, telling when it begins to fail and when it works again, not each failure in between. */
function announcing(exporter: SpanExporter, url: string, warn: Warn): SpanExporter {
  const told = announcer("Spans", url, warn);
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        told(result);
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => exporter.shutdown(),
  };
}

/** Tells when results begin to fail and when they are good again. */
export function announcer(
  what: string,
  url: string,
  warn: Warn,
): (result: { readonly error?: Error | undefined }) => void {
  const { host } = new URL(url);
  let failed = 0;
  return ({ error }) => {
    if (error === undefined) {
      if (failed > 0) warn(`${what} reach ${host} again; batches lost before: ${failed}`);
      failed = 0;
    } else if (failed++ === 0) {
      warn(`${what} could not be sent to ${host}, runs go on: ${causeOf(error)}`);
    }
  };
}

function causeOf(error: Error): string {
  const code = "code" in error ? String(error.code) : "";
  if (error.message === "") return code || error.name;
  return error.message.includes(code) ? error.message : `${code} ${error.message}`;
}

/** Stops a provider, waiting for what it has to send at most `maxWaitMs`; never rejects. */
export async function stop(
  provider: { shutdown(): Promise<void> },
  maxWaitMs: number,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, maxWaitMs);
  });
  // What fails here was announced by the exporter.
  await Promise.race([provider.shutdown().catch(() => {}), waited]);
  clearTimeout(timer);
}
