/**
 * POST or PUT /v1/run: runs the pipeline text of the request on its body.
 * @module
 */
import { Hono } from "hono";
import type { Services } from "./app.ts";
import { chooseText } from "./choose.ts";
import type { RunParameters } from "./parameters.ts";
import { methodNotAllowed } from "./problem.ts";
import { uploadRunner } from "./upload.ts";

/** The resource `/run`. */
export function runRoutes(services: Services): Hono {
  const runUpload = uploadRunner(services);
  const app = new Hono();
  const choose = ({ rest }: RunParameters) => chooseText(rest, services);
  // One handler: where two match a path, Hono makes a chain of them for each request.
  app.all("/run", (context) => {
    const { method, raw } = context.req;
    if (method !== "POST" && method !== "PUT") throw methodNotAllowed(method, "POST, PUT");
    return runUpload(raw, choose);
  });
  return app;
}
