/**
 * /metrics: what all runs have done, as text for Prometheus.
 * @module
 */
import { Hono } from "hono";
import { prometheusText } from "../src/telemetry/metrics.ts";
import type { Services } from "./app.ts";

/** The resource `/metrics`. */
export function metricsRoutes({ metrics }: Services): Hono {
  const app = new Hono();
  app.get("/metrics", async (context) =>
    context.text(await prometheusText(metrics), 200, {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
    }));
  return app;
}
