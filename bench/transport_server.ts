/**
 * The server's own transport and a Hono route that answers a constant: all that a small upload costs but its run.
 * @module
 */
import { Hono } from "hono";
import { serve } from "../routes/serve.ts";
import { wholeResponse } from "../routes/serve_answered.ts";
import { wholeBody } from "../routes/serve_arrived.ts";

const encoder = new TextEncoder();
const drained = encoder.encode("drained\n");
const app = new Hono();
app.post("/", async (context) => {
  const { raw } = context.req;
  const bytes = wholeBody(raw)?.byteLength ?? (await raw.arrayBuffer()).byteLength;
  const answer = bytes > 0 ? drained : encoder.encode("nothing\n");
  return wholeResponse(answer, { "content-type": "text/plain" });
});
const { url } = await serve(app.fetch, { host: "127.0.0.1", port: 0 });
console.log(url);
