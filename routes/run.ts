/**
 * POST or PUT /v1/run: runs the pipeline text of the request on its body.
 * @module
 */
import { Hono } from "hono";
import type { Services } from "./app.ts";
import { chooseText } from "./choose.ts";
import { methodNotAllowed } from "./problem.ts";
import { uploadRunner } from "./upload.ts";

/** The resource `/run`. */
export function runRoutes(services: Services): Hono {
  const runUpload = uploadRunner(services);
  const app = new Hono();
  app.on(
    ["POST", "PUT"],
    "/run",
    (context) => runUpload(context.req.raw, ({ rest }) => chooseText(rest, services)),
  );
  app.all("/run", (context) => {
    throw methodNotAllowed(context.req.method, "POST, PUT");
  });
  return app;
}
