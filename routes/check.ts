/**
 * GET or POST /v1/check: parses, checks and explains a pipeline without data.
 * @module
 */
import { type Context, Hono } from "hono";
import { explain, parsePipeline } from "../src/plan.ts";
import type { Services } from "./app.ts";
import { badParameters } from "./problem.ts";

/** The longest pipeline that is read from a body, in bytes. */
const MAX_TEXT_BYTES = 64 * 1024;

/** The resource `/check`. The pipeline is the query `q`, the header `x-pipeline`, or the body. */
export function checkRoutes({ vocabulary, limits }: Services): Hono {
  const app = new Hono();
  app.on(["GET", "POST"], "/check", async (context) => {
    const text = context.req.query("q") ?? context.req.header("x-pipeline") ??
      await bodyText(context);
    return context.json(explain(parsePipeline(text, vocabulary), vocabulary, limits));
  });
  return app;
}

async function bodyText(context: Context): Promise<string> {
  const { body } = context.req.raw;
  if (body === null) {
    throw badParameters([{
      parameter: "q",
      message: "Expected a pipeline in the query `q` or in the body",
    }]);
  }
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_TEXT_BYTES) {
      throw badParameters([{
        parameter: "q",
        message: `Longer than ${MAX_TEXT_BYTES} characters`,
      }]);
    }
  }
  return text + decoder.decode();
}
