/**
 * `running`: totals so far, on each row.
 * @module
 */
import { aggregateColumns } from "../src/aggregate/aggregate_columns.ts";
import { Running } from "../src/aggregate/running.ts";
import { compile } from "../src/expression/compile.ts";
import { argument } from "../src/language/arguments.ts";
import { checkAggregates } from "../src/language/check_aggregates.ts";
import type { FieldType } from "../src/schema.ts";
import { defineStage, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const shape = {
  aggregates: argument.aggregates({
    description: "Calls such as `count`, `sum(bytes) as total`, as in `stats`",
  }),
  by: argument.columns({
    description: "Fields or expressions whose values have totals of their own",
    keyword: "by",
  }).optional(),
};

/** The stage `running`. Adds rows one by one to the accumulators that `stats` uses. */
const running: StageDefinition<typeof shape> = defineStage({
  name: "running",
  kind: "ordered",
  rows: "passed",
  summary: "Adds to each row the aggregates of all rows up to it, by key",
  description:
    "Every row goes on at once, in its order, with one more field an aggregate: its value over the rows of the same " +
    "key so far, this one included. A field of that name gives way, in its place. With `if`, rows that do not count " +
    "get the value as it stands. Aggregates and keys are those of `stats`.\n\n" +
    "Holds for each key what `stats` would, bounded by the run's budget. Each value is made anew, so a quantile or " +
    "`values` costs a walk through what it keeps a row.",
  arguments: z.object(shape),
  examples: [
    {
      title: "Totals by user, row by row",
      pipeline: "json | running sum(bytes) as total, count as n by user",
      input: '{"user":"kim","bytes":1}\n{"user":"lee","bytes":5}\n{"user":"kim","bytes":2}',
      output:
        '{"user":"kim","bytes":1,"total":1,"n":1}\n{"user":"lee","bytes":5,"total":5,"n":1}\n' +
        '{"user":"kim","bytes":2,"total":3,"n":2}',
    },
    {
      title: "Rows that do not count get the value as it stands",
      pipeline: "json | running count if status >= 500 as errors, max(ms) as worst",
      input: '{"status":200,"ms":3}\n{"status":500,"ms":9}\n{"status":200,"ms":1}',
      output:
        '{"status":200,"ms":3,"errors":0,"worst":3}\n{"status":500,"ms":9,"errors":1,"worst":9}\n' +
        '{"status":200,"ms":1,"errors":1,"worst":9}',
    },
  ],
  schema(args, input, check) {
    for (const { expression } of args.by ?? []) check.expression(expression, input);
    const types = checkAggregates(args.aggregates, input, check);
    const fields = new Map<string, FieldType>(input.fields);
    args.aggregates.forEach(({ name }, index) => fields.set(name, types[index]!));
    return { fields, open: input.open };
  },
  memory: () => Infinity,
  create(args, context) {
    const { schema, vocabulary } = context;
    let held = 0;
    const take = (bytes: number) => {
      held += bytes;
      context.budget.take(bytes);
    };
    const keys = (args.by ?? []).map(({ expression }) =>
      compile(expression, schema, vocabulary.functions)
    );
    const columns = aggregateColumns(args.aggregates, context, take);
    return new Running(keys, columns, take, () => take(-held));
  },
});

export default running;
