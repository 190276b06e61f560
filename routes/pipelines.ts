/**
 * /v1/pipelines: the named pipelines; listed, shown, and run by POST or PUT.
 * @module
 */
import { Hono } from "hono";
import { nearest } from "../src/language/diagnostics.ts";
import { parsePipeline } from "../src/plan.ts";
import type { Services } from "./app.ts";
import type { NamedPipeline } from "./named_pipelines.ts";
import { refuseUnknown } from "./parameters.ts";
import { notFound } from "./problem.ts";
import { uploadRunner } from "./upload.ts";

/** The resources `/pipelines` and `/pipelines/NAME`. */
export function pipelineRoutes(services: Services): Hono {
  const { pipelines, vocabulary } = services;
  const find = (name: string): NamedPipeline => {
    const found = pipelines.get(name);
    if (found === undefined) throw notFound("pipeline", name, nearest(name, pipelines.keys()));
    return found;
  };
  const runUpload = uploadRunner(services);
  const app = new Hono();
  app.get("/pipelines", (context) => context.json({ pipelines: [...pipelines.values()] }));
  app.get("/pipelines/:name", (context) => context.json(find(context.req.param("name"))));
  app.on(["POST", "PUT"], "/pipelines/:name", (context) => {
    const { name, text, parameters } = find(context.req.param("name"));
    return runUpload(context.req.raw, ({ rest }) => {
      const known = parameters.map((parameter) => parameter.name);
      refuseUnknown([...rest.keys()].filter((key) => !known.includes(key)), known);
      return { checked: parsePipeline(text, vocabulary, rest), name };
    });
  });
  return app;
}
