/**
 * GET or POST /v1/check: parses, checks and explains a pipeline without data.
 * @module
 */
import { type Context, Hono } from "hono";
import { admit } from "../src/admission.ts";
import { Table } from "../src/lookup/tables.ts";
import { explain, parsePipeline } from "../src/plan.ts";
import type { Services } from "./app.ts";
import { badParameters } from "./problem.ts";

/** Whether a table will come with the run is not known here. */
const SOME_TABLE = { table: () => new Table([], [], 0) };

/** The longest pipeline that is read from a body, in bytes. */
const MAX_TEXT_BYTES = 64 * 1024;

/** The resource `/check`. The pipeline is the query `q`, the header `x-pipeline`, or the body. */
export function checkRoutes({ vocabulary, limits, resources }: Services): Hono {
  const app = new Hono();
  app.on(["GET", "POST"], "/check", async (context) => {
    const text = context.req.query("q") ?? context.req.header("x-pipeline") ??
      await bodyText(context);
    const checked = parsePipeline(text, vocabulary);
    await admit(checked, vocabulary, { ...resources, uploaded: SOME_TABLE });
    return context.json(explain(checked, vocabulary, limits));
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
