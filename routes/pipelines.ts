/**
 * /v1/pipelines: the named pipelines; listed, shown, and run by POST or PUT.
 * @module
 */
import { Hono } from "hono";
import type { Services } from "./app.ts";
import { chooseNamed, findNamed } from "./choose.ts";
import { uploadRunner } from "./upload.ts";

/** The resources `/pipelines` and `/pipelines/NAME`. */
export function pipelineRoutes(services: Services): Hono {
  const { pipelines } = services;
  const runUpload = uploadRunner(services);
  const app = new Hono();
  app.get("/pipelines", (context) => context.json({ pipelines: [...pipelines.values()] }));
  app.get(
    "/pipelines/:name",
    (context) => context.json(findNamed(context.req.param("name"), services)),
  );
  app.on(["POST", "PUT"], "/pipelines/:name", (context) => {
    const named = findNamed(context.req.param("name"), services);
    return runUpload(context.req.raw, ({ rest }) => chooseNamed(named, rest, services));
  });
  return app;
}
