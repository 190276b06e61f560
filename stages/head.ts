/**
 * `head`: the first rows.
 * @module
 */
import type { Batch } from "../src/batch/batch.ts";
import { argument } from "../src/language/arguments.ts";
import { defineStage, NOTHING, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const shape = {
  count: argument.count({ description: "How many rows" }).default(10),
};

/** The stage `head`. */
const head: StageDefinition<typeof shape> = defineStage({
  name: "head",
  kind: "ordered",
  rows: "passed",
  summary: "Keeps the first rows and then stops the upload",
  description:
    "Once it has its rows, the pipeline reads no more input: the upload is cancelled and the result is complete. " +
    "`head 0` reads nothing at all. Holds no state.",
  arguments: z.object(shape),
  examples: [
    {
      title: "The first two rows",
      pipeline: "json | head 2",
      input: '{"n":1}\n{"n":2}\n{"n":3}\n',
      output: '{"n":1}\n{"n":2}',
    },
    {
      title: "The first row that meets a condition",
      pipeline: "json | where n > 1 | head 1",
      input: '{"n":1}\n{"n":2}\n{"n":3}\n',
      output: '{"n":2}',
    },
  ],
  create(args) {
    let left = args.count;
    return {
      get done() {
        return left === 0;
      },
      push(batch: Batch) {
        if (left === 0) return NOTHING;
        const first = batch.slice(0, left);
        left -= first.length;
        return [first];
      },
      save: () => left,
      restore: (state) => void (left = state as number),
    };
  },
});

export default head;
