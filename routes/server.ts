/**
 * The server: settings, routes, telemetry and transport put together, and taken down in order.
 * @module
 */
import { Runs } from "../src/pipeline/runs.ts";
import { DEFAULT_RESOURCES } from "../src/resources.ts";
import { limitsOf, type Settings } from "../src/settings.ts";
import { metricProducer } from "../src/telemetry/metrics.ts";
import { startMetrics } from "../src/telemetry/metrics_export.ts";
import { startTelemetry } from "../src/telemetry/setup.ts";
import type { Vocabulary } from "../src/vocabulary.ts";
import { WorkerPool } from "../src/workers/pool.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { createApp } from "./app.ts";
import { loadPipelines } from "./named_pipelines.ts";
import { serve } from "./serve.ts";

/** How long answers that are ready may take to leave when the server stops. */
const LAST_ANSWERS_MS = 3_000;

/** The threads' module and the words that it brings. */
export interface ThreadModule {
  readonly module: URL;
  readonly vocabulary: Vocabulary;
}

const DEFAULT_THREADS: ThreadModule = {
  module: new URL("./worker.ts", import.meta.url),
  vocabulary: VOCABULARY,
};

/** A server at work. */
export interface Sluice {
  readonly url: string;
  readonly runs: Runs;
  /** Undefined with WORKERS=0. */
  readonly workers: WorkerPool | undefined;
  /** Takes no new runs, lets the running ones drain for the grace time, cuts the rest, and closes everything. */
  stop(): Promise<void>;
}

/** Starts a server with `vocabulary`. Rejects when it cannot listen or a named pipeline is not sound. */
export async function startSluice(
  settings: Settings,
  vocabulary: Vocabulary,
  environment: Readonly<Record<string, string | undefined>>,
  log: (line: string) => void,
  threads: ThreadModule = DEFAULT_THREADS,
): Promise<Sluice> {
  const pipelines = await loadPipelines(settings.PIPELINES, vocabulary);
  const telemetry = await startTelemetry(environment);
  const runs = new Runs(settings.MAX_RUNS, settings.RECENT_RUNS);
  const metrics = metricProducer(() => runs.totals());
  const exporting = await startMetrics(environment, metrics);
  const workers = settings.WORKERS === 0
    ? undefined
    : new WorkerPool({ size: settings.WORKERS, ...threads, log });
  const app = createApp({
    vocabulary,
    limits: limitsOf(settings),
    runs,
    metrics,
    workers,
    resources: DEFAULT_RESOURCES,
    pipelines,
    log,
  });
  const served = await serve(app.fetch, { host: settings.HOST, port: settings.PORT });
  let stopped: Promise<void> | null = null;
  const stop = async () => {
    await runs.drain(settings.SHUTDOWN_GRACE);
    workers?.stop();
    // The runs are over: what is still open is an answer that nobody takes, or a connection with no request.
    const cut = setTimeout(() => served.abort(), LAST_ANSWERS_MS);
    await served.close();
    clearTimeout(cut);
    await Promise.all([telemetry.shutdown(), exporting.shutdown()]);
  };
  return { url: served.url, runs, workers, stop: () => stopped ??= stop() };
}
