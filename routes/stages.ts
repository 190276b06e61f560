/**
 * /v1/stages: the vocabulary, from the definitions themselves.
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import { nearest } from "../src/language/diagnostics.ts";
import { usage } from "../src/language/usage.ts";
import type { AnyStage } from "../src/stage.ts";
import type { Services } from "./app.ts";
import { notFound } from "./problem.ts";

/** The resources `/stages` and `/stages/NAME`. */
export function stageRoutes({ vocabulary }: Services): Hono {
  const { stages, functions, aggregateNames } = vocabulary;
  const app = new Hono();
  app.get("/stages", (context) =>
    context.json({
      stages: [...stages.values()].map((stage) => ({
        name: stage.name,
        kind: stage.kind,
        usage: usage(stage),
        summary: stage.summary,
      })),
      aggregates: aggregateNames.map((name) => {
        const found = vocabulary.aggregate(name)!;
        return { name, signature: found.signature, summary: found.summary };
      }),
      functions: [...functions.values()].map(({ name, signature, summary, example }) => ({
        name,
        signature,
        summary,
        example: `${example[0]} = ${example[1]}`,
      })),
    }));
  app.get("/stages/:name", (context) => {
    const name = context.req.param("name");
    const stage = stages.get(name);
    if (stage === undefined) throw notFound("stage", name, nearest(name, stages.keys()));
    return context.json(describe(stage));
  });
  return app;
}

function describe(stage: AnyStage) {
  return {
    name: stage.name,
    kind: stage.kind,
    usage: usage(stage),
    summary: stage.summary,
    description: stage.description,
    arguments: z.toJSONSchema(stage.arguments, { io: "input" }),
    examples: stage.examples,
  };
}
