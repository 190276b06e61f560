/**
 * GET /: how to use this very server, in lines that can be pasted.
 * @module
 */
import { Hono } from "hono";

/** The resource `/`. */
export function usageRoutes(): Hono {
  const app = new Hono();
  app.get("/", (context) => context.text(usageText(new URL(context.req.url).origin)));
  return app;
}

/** The usage text with curl lines for the server at `origin`. */
function usageText(origin: string): string {
  return `Sluice: a pipeline you can curl. Upload a stream, name a pipeline, read the answer as NDJSON.

Count the server errors of an access log by path:
  curl -sN -T access.log '${origin}/v1/run' --url-query 'q=combined | where status >= 500 | stats count as errors by path | sort -errors | head 10'

The same as a named pipeline, by POST:
  curl --data-binary @access.log '${origin}/v1/pipelines/errors-by-endpoint'

Live, from a pipe, with a snapshot every second:
  tail -f access.log | curl -sN -T . '${origin}/v1/run?every=1s' --url-query 'q=combined | stats count by status'

As a form, and compressed (gzip, zstd, br, deflate; recognised by themselves but for br):
  curl -F 'q=combined | stats count by status' -F file=@access.log.gz '${origin}/v1/run'

What there is:
  ${origin}/v1/stages      the words of the language, with examples at /v1/stages/NAME
  ${origin}/v1/pipelines   the named pipelines
  ${origin}/v1/check?q=... what a pipeline would do, without data
  ${origin}/v1/runs        live and recent runs; DELETE /v1/runs/ID cancels
  ${origin}/v1/uploads     uploads in parts, over lost connections and restarts (needs CHECKPOINT_DIR)
`;
}
