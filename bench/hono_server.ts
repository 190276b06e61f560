/**
 * A Hono handler that drains and answers a constant, on the runtime's own server: the least that a small upload costs.
 * @module
 */
import { Hono } from "hono";
import { serveNatively } from "./native_server.ts";

const app = new Hono();
app.post("/", async (context) => {
  let bytes = 0;
  for await (const chunk of context.req.raw.body!) bytes += chunk.byteLength;
  return context.text(bytes > 0 ? "drained\n" : "nothing\n");
});
serveNatively(app.fetch);
