/**
 * `where`: keeps the rows that meet a condition.
 * @module
 */
import type { Batch } from "../src/batch/batch.ts";
import { compileCondition } from "../src/expression/compile.ts";
import { argument } from "../src/language/arguments.ts";
import { defineStage, NOTHING, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const shape = {
  condition: argument.expression({ description: "What a row must meet to be kept" }),
};

/** The stage `where`. Copies nothing: a batch that goes on is the one that came in, with fewer rows that count. */
const where: StageDefinition<typeof shape> = defineStage({
  name: "where",
  kind: "row-local",
  rows: "passed",
  summary: "Keeps the rows that meet a condition",
  description:
    "Rows for which the condition is true go on, in order and unchanged. Every comparison with a missing or null " +
    "field is false, `!=` too. Holds no state.",
  arguments: z.object(shape),
  examples: [
    {
      title: "Server errors only",
      pipeline: "json | where status >= 500",
      input: '{"path":"/a","status":200}\n{"path":"/b","status":503}\n{"path":"/c"}\n',
      output: '{"path":"/b","status":503}',
    },
    {
      title: "A field that no row can have is told before the upload is read",
      pipeline: "combined | where stauts >= 500",
      input: "",
      error: "Unknown field `stauts` at line 1, column 18\n" +
        "  combined | where stauts >= 500\n" +
        "                   ^^^^^^\n" +
        "Did you mean `status`?",
    },
  ],
  schema(args, input, check) {
    check.condition(args.condition, input);
    return input;
  },
  create(args, context) {
    const select = compileCondition(args.condition, context.schema, context.vocabulary.functions);
    return {
      push(batch: Batch) {
        const selection = select(batch);
        if (selection.length === 0) return NOTHING;
        return [selection.length === batch.length ? batch : batch.select(selection)];
      },
    };
  },
});

export default where;
