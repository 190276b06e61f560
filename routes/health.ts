/**
 * /healthz and /readyz: whether the process answers, and whether it takes runs.
 * @module
 */
import { Hono } from "hono";
import type { Services } from "./app.ts";
import { noPlace } from "./problem.ts";

/** The resources `/healthz` and `/readyz`. */
export function healthRoutes({ runs }: Services): Hono {
  const app = new Hono();
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/readyz", (context) => {
    if (!runs.ready) throw noPlace("stopping", runs.maxRuns);
    return context.json({ status: "ready" });
  });
  return app;
}
