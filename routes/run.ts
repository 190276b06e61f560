/**
 * POST or PUT /v1/run: runs the pipeline text of the request on its body.
 * @module
 */
import { Hono } from "hono";
import { parsePipeline } from "../src/plan.ts";
import type { Services } from "./app.ts";
import { refuseUnknown } from "./parameters.ts";
import { badParameters, methodNotAllowed } from "./problem.ts";
import { uploadRunner } from "./upload.ts";

/** The resource `/run`. */
export function runRoutes(services: Services): Hono {
  const runUpload = uploadRunner(services);
  const app = new Hono();
  app.on(["POST", "PUT"], "/run", (context) =>
    runUpload(context.req.raw, ({ rest }) => {
      const { q, ...others } = Object.fromEntries(rest);
      refuseUnknown(Object.keys(others), ["q"]);
      if (q === undefined) {
        throw badParameters([{
          parameter: "q",
          message:
            "Expected a pipeline in the query `q`, the header `x-pipeline`, or a form field before the file",
        }]);
      }
      return { checked: parsePipeline(q, services.vocabulary), name: null };
    }));
  app.all("/run", (context) => {
    throw methodNotAllowed(context.req.method, "POST, PUT");
  });
  return app;
}
