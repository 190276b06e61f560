/**
 * /v1/runs: live and recent runs with their figures; DELETE cancels.
 * @module
 */
import { Hono } from "hono";
import type { Services } from "./app.ts";
import { notFound } from "./problem.ts";

/** The resources `/runs` and `/runs/ID`. */
export function runsRoutes({ runs }: Services): Hono {
  const app = new Hono();
  app.get("/runs", (context) => context.json({ runs: runs.reports() }));
  app.get("/runs/:id", (context) => {
    const id = context.req.param("id");
    const report = runs.report(id);
    if (report === null) throw notFound("run", id, null);
    return context.json(report);
  });
  app.delete("/runs/:id", (context) => {
    const id = context.req.param("id");
    const known = runs.report(id);
    if (known === null) throw notFound("run", id, null);
    runs.cancel(id);
    return context.json(runs.report(id) ?? known);
  });
  return app;
}
