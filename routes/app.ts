/**
 * The HTTP door: all resources on one Hono app.
 * @module
 */
import { Hono } from "hono";
import type { Limits } from "../src/limits.ts";
import type { Runs } from "../src/pipeline/runs.ts";
import type { Resources } from "../src/resources.ts";
import type { MetricProducer } from "../src/telemetry/metrics.ts";
import type { Uploads } from "../src/uploads/uploads.ts";
import type { Vocabulary } from "../src/vocabulary.ts";
import type { WorkerPool } from "../src/workers/pool.ts";
import { cacheRoutes } from "./caches.ts";
import { checkRoutes } from "./check.ts";
import { eventRoutes } from "./events.ts";
import { healthRoutes } from "./health.ts";
import { metricsRoutes } from "./metrics.ts";
import type { NamedPipeline } from "./named_pipelines.ts";
import { pipelineRoutes } from "./pipelines.ts";
import { notFound, toProblem } from "./problem.ts";
import { runRoutes } from "./run.ts";
import { runsRoutes } from "./runs.ts";
import { stageRoutes } from "./stages.ts";
import { uploadRoutes } from "./uploads.ts";
import { usageRoutes } from "./usage.ts";

/** What the routes work with; made once at start, or by a test. */
export interface Services {
  readonly vocabulary: Vocabulary;
  readonly limits: Limits;
  readonly runs: Runs;
  readonly metrics: MetricProducer;
  /** Threads for large uploads. */
  readonly workers?: WorkerPool | undefined;
  /** Resumable uploads; none without a folder for their checkpoints. */
  readonly uploads?: Uploads | undefined;
  /** What stages may reach beyond their rows. */
  readonly resources: Resources;
  readonly pipelines: ReadonlyMap<string, NamedPipeline>;
  /** Tells of faults that are nobody's input: what a log should show. */
  log(line: string): void;
}

/** The app; `app.fetch` answers a Request, on any transport. */
export function createApp(services: Services): Hono {
  const app = new Hono();
  app.route("/", usageRoutes());
  app.route("/", healthRoutes(services));
  app.route("/", metricsRoutes(services));
  app.route("/v1", runRoutes(services));
  app.route("/v1", pipelineRoutes(services));
  app.route("/v1", stageRoutes(services));
  app.route("/v1", checkRoutes(services));
  app.route("/v1", runsRoutes(services));
  app.route("/v1", eventRoutes(services));
  app.route("/v1", uploadRoutes(services));
  app.route("/v1", cacheRoutes(services));
  app.notFound((context) => notFound("resource", context.req.path, null).toResponse());
  app.onError((fault) => {
    const problem = toProblem(fault);
    if (problem.status >= 500 && problem.title === "Internal error") {
      services.log(`Request failed: ${fault.stack ?? fault.message}`);
    }
    return problem.toResponse();
  });
  return app;
}
