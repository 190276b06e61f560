/**
 * `timeout`: a pipeline that must not take long.
 * @module
 */
import { argument } from "../src/language/arguments.ts";
import { Timed } from "../src/pipeline/timed.ts";
import { defineStage, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const shape = {
  limit: argument.duration({ description: "The longest time for a batch", minimum: 1 }),
  inside: argument.pipeline({ description: "What must not take longer" }),
};

/** The stage `timeout`. Holds what the stages of its pipeline hold, and a timer while they wait. */
const timeout: StageDefinition<typeof shape> = defineStage({
  name: "timeout",
  kind: "ordered",
  stateless: () => true,
  rows: "made",
  summary: "Fails the run when its pipeline takes too long for a batch",
  description:
    "Rows go through the pipeline as if it stood there by itself. When that takes longer than the limit for a batch, " +
    "the run fails with `stage_timeout`: at once where a stage waits, such as for a lookup; after the batch where one " +
    "computes, for nothing can interrupt that. The limit holds as well for each batch of what comes at the end. For the " +
    "whole run, an upload that sends nothing, and the first row there are the parameters `timeout`, `idle` and " +
    "`first_result`.",
  arguments: z.object(shape),
  examples: [
    {
      title: "What answers in time passes",
      pipeline: "json | timeout 10s (where n > 1 | select n)",
      input: '{"n":1}\n{"n":2}\n',
      output: '{"n":2}',
    },
  ],
  schema: ({ inside }, input, check) => check.nested(inside, input),
  create({ limit, inside }, context) {
    return new Timed(context.nested(inside, "1"), limit, context.resources.clock);
  },
});

export default timeout;
