/**
 * `top`: the largest rows.
 * @module
 */
import type { Batch } from "../src/batch/batch.ts";
import type { SavedBatch } from "../src/batch/saved_batch.ts";
import { compileOrder } from "../src/expression/order.ts";
import { TopRows } from "../src/expression/top_rows.ts";
import { argument } from "../src/language/arguments.ts";
import { defineStage, NOTHING, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const shape = {
  count: argument.count({ description: "How many rows" }).default(10),
  keys: argument.sortKeys({
    description:
      "Expressions, the most important first; the largest first unless `x asc` or `+x` says otherwise",
    keyword: "by",
  }),
};

/** The stage `top`. Most rows cost one comparison with the last of the best so far. */
const top: StageDefinition<typeof shape> = defineStage({
  name: "top",
  kind: "ordered",
  previews: "kept",
  rows: "passed",
  summary: "Keeps the rows with the largest values",
  description:
    "Answers when the upload has ended, with what `sort` in the same order and `head` would give, in memory for the " +
    "rows asked for alone: ties go by arrival, null and missing values come last.",
  arguments: z.object(shape),
  examples: [
    {
      title: "The two largest answers",
      pipeline: "json | top 2 by bytes",
      input: '{"path":"/a","bytes":10}\n{"path":"/b","bytes":900}\n{"path":"/c","bytes":30}\n',
      output: '{"path":"/b","bytes":900}\n{"path":"/c","bytes":30}',
    },
    {
      title: "The smallest one",
      pipeline: "json | top 1 by bytes asc",
      input: '{"path":"/a","bytes":10}\n{"path":"/b","bytes":900}\n{"path":"/c"}\n',
      output: '{"path":"/a","bytes":10}',
    },
  ],
  schema(args, input, check) {
    for (const key of args.keys) check.expression(key.expression, input);
    return input;
  },
  memory: ({ count }, limits) =>
    Math.min(limits.maxStateBytes, TopRows.mostRows(count) * limits.maxLineBytes),
  create({ count, keys }, context) {
    const order = compileOrder(keys, context.schema, context.vocabulary.functions, "desc");
    const rows = new TopRows(count, order, context.budget);
    return {
      done: count === 0,
      push(batch: Batch) {
        rows.add(batch);
        return NOTHING;
      },
      finish: () => rows.sorted(),
      snapshot: () => rows.sorted(),
      save: () => rows.save(),
      restore: (state) => rows.restore(state as readonly SavedBatch[]),
      dispose: () => rows.clear(),
    };
  },
});

export default top;
