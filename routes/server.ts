/**
 * The server: settings, routes, telemetry and transport put together, and taken down in order.
 * @module
 */
import { openSqliteStore } from "../src/checkpoint/sqlite_store.ts";
import { Runs } from "../src/pipeline/runs.ts";
import type { Shutdown } from "../src/pipeline/stopping.ts";
import { HostList } from "../src/lookup/host_list.ts";
import { NamedCaches } from "../src/lookup/named_caches.ts";
import { SYSTEM_CLOCK } from "../src/resources.ts";
import { limitsOf, type Settings } from "../src/settings.ts";
import { metricProducer } from "../src/telemetry/metrics.ts";
import { startMetrics } from "../src/telemetry/metrics_export.ts";
import { startTelemetry } from "../src/telemetry/setup.ts";
import { Uploads } from "../src/uploads/uploads.ts";
import type { Vocabulary } from "../src/vocabulary.ts";
import { WorkerPool, type WorkerPoolOptions } from "../src/workers/pool.ts";
import { VOCABULARY } from "../stages/mod.ts";
import { createApp } from "./app.ts";
import { openFiles } from "./files.ts";
import { loadPipelines } from "./named_pipelines.ts";
import { openOutbound } from "./outbound.ts";
import { serve } from "./serve.ts";
import { openTables } from "./tables.ts";

/** How long answers that are ready may take to leave when the server stops. */
const LAST_ANSWERS_MS = 3_000;

/** Milliseconds that runs may take to end, given the grace; null for as long as they like. */
const GRACE: Readonly<Record<Shutdown, (grace: number) => number | null>> = {
  graceful: () => null,
  hybrid: (grace) => grace,
  abrupt: () => 0,
};

/** The threads' module and the words that it brings. */
export interface ThreadModule extends Pick<WorkerPoolOptions, "module" | "vocabulary"> {
  /** As in the pool's options; by default where there are several threads. */
  readonly eager?: boolean;
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
  /**
   * Takes no new runs, ends those that are there as `shutdown` says (default: as the setting does), and closes
   * everything. Called once more with `abrupt`, it cuts what still runs.
   */
  stop(shutdown?: Shutdown): Promise<void>;
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
  const limits = limitsOf(settings);
  const http = openOutbound({ hosts: new HostList(settings.LOOKUP_HOSTS) });
  const resources = {
    clock: SYSTEM_CLOCK,
    http,
    files: openFiles({
      directory: settings.FILES,
      maxBytes: settings.MAX_FILE,
      draftTtlMs: settings.CHECKPOINT_TTL,
    }),
    tables: openTables(settings.TABLES, settings.TABLE_SIZE),
    uploaded: null,
    caches: new NamedCaches(settings.CACHES, SYSTEM_CLOCK),
  };
  const store = settings.CHECKPOINT_DIR === "" ? null : openSqliteStore(settings.CHECKPOINT_DIR);
  const uploads = store === null ? undefined : new Uploads({
    store,
    vocabulary,
    limits,
    resources: { ...resources, files: { ...resources.files, durable: true } },
    intervalMs: settings.CHECKPOINT_INTERVAL,
    ttlMs: settings.CHECKPOINT_TTL,
    maxUploads: settings.MAX_UPLOADS,
  });
  const runs = new Runs(settings.MAX_RUNS, settings.RECENT_RUNS);
  const metrics = metricProducer(() => runs.totals());
  const exporting = await startMetrics(environment, metrics);
  const workers = settings.WORKERS === 0
    ? undefined
    : new WorkerPool({ size: settings.WORKERS, eager: settings.WORKERS > 1, ...threads, log });
  const app = createApp({
    vocabulary,
    limits,
    runs,
    metrics,
    uploads,
    workers,
    resources,
    pipelines,
    log,
  });
  const served = await serve(app.fetch, { host: settings.HOST, port: settings.PORT });
  let stopped: Promise<void> | null = null;
  const stop = async (shutdown: Shutdown) => {
    await runs.drain({ mode: shutdown, deadlineMs: GRACE[shutdown](settings.SHUTDOWN_GRACE) });
    workers?.stop();
    http.close();
    // The runs are over: what is still open is an answer that nobody takes, or a connection with no request.
    const cut = setTimeout(() => served.abort(), LAST_ANSWERS_MS);
    await served.close();
    clearTimeout(cut);
    store?.close();
    await Promise.all([telemetry.shutdown(), exporting.shutdown()]);
  };
  return {
    url: served.url,
    runs,
    workers,
    stop: (shutdown = settings.SHUTDOWN) => {
      if (stopped !== null && shutdown === "abrupt") runs.cut("The server is stopping now");
      return stopped ??= stop(shutdown);
    },
  };
}
