/**
 * /v1/caches: the caches that runs share, with their figures; DELETE forgets.
 * @module
 */
import { Hono } from "hono";
import type { Services } from "./app.ts";
import { notFound } from "./problem.ts";

/** The resources `/caches`, `/caches/NAME` and `/caches/NAME/KEY`. */
export function cacheRoutes({ resources: { caches } }: Services): Hono {
  const app = new Hono();
  app.get("/caches", (context) => context.json({ caches: caches.reports() }));
  app.delete("/caches/:name/:key?", (context) => {
    const name = context.req.param("name");
    const key = context.req.param("key") ?? null;
    if (!caches.delete(name, key)) {
      throw key === null ? notFound("cache", name, null) : notFound("key", `${name}/${key}`, null);
    }
    return context.body(null, 204);
  });
  return app;
}
