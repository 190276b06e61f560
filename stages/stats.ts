/**
 * `stats`: aggregates, by groups.
 * @module
 */
import { aggregateColumns } from "../src/aggregate/aggregate_columns.ts";
import { Aggregation } from "../src/aggregate/aggregation.ts";
import { compile } from "../src/expression/compile.ts";
import { argument } from "../src/language/arguments.ts";
import { checkAggregates } from "../src/language/check_aggregates.ts";
import type { Span } from "../src/language/syntax.ts";
import type { FieldType } from "../src/schema.ts";
import { type CheckContext, defineStage, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const shape = {
  aggregates: argument.aggregates({
    description: "Calls such as `count`, `avg(bytes) as mean`, `count if status >= 500 as errors`",
  }),
  by: argument.columns({
    description: "Fields or expressions to group by; without them all rows are one group",
    keyword: "by",
  }).optional(),
};

/** The stage `stats`. One pass over key bytes; strings are made for the rows of the answer alone. */
const stats: StageDefinition<typeof shape> = defineStage({
  name: "stats",
  kind: "aggregate",
  rows: "made",
  summary: "Aggregates all rows, or each group of them, into one row",
  description:
    "Answers when the upload has ended: a row a group, in the order in which the groups first came, the keys first. " +
    "Without `by` there is always one row. Keys are the same when type and value are: the text `5` and the number 5 " +
    "are two groups, missing and null are one. An `if` after a call says which rows count for that call alone.\n\n" +
    "`count` and `distinct` of nothing are 0, `values` of nothing is empty, every other aggregate of nothing is " +
    "null. Numbers may be text that spells a number; true counts as 1, false as 0; what is no number is left out. " +
    "Quantiles are exact for up to 256 numbers a group and distinct counts for up to 1,024 values; beyond, they are " +
    "estimates, and the notice says so with their error.\n\n" +
    "Memory grows with the groups, bounded by the run's budget: their keys, about 40 bytes, and 8 to 40 bytes for " +
    "each of `count`, `sum`, `avg`, `min`, `max`, `var`, `stddev` and `rate`; a quantile keeps its numbers, at most " +
    "some KB, and `distinct` 25 bytes a value up to 42 KB.",
  arguments: z.object(shape),
  examples: [
    {
      title: "Rows in each group, in first-seen order",
      pipeline: "json | stats count by path",
      input: '{"path":"/b"}\n{"path":"/a"}\n{"path":"/b"}\n{"status":200}',
      output: '{"path":"/b","count":2}\n{"path":"/a","count":1}\n{"path":null,"count":1}',
    },
    {
      title: "Several aggregates, named",
      pipeline:
        "json | stats count as requests, avg(ms) as mean, p99(ms), max(ms) as worst by path",
      input: '{"path":"/a","ms":10}\n{"path":"/a","ms":30}\n{"path":"/b","ms":5}',
      output: '{"path":"/a","requests":2,"mean":20,"p99(ms)":30,"worst":30}\n' +
        '{"path":"/b","requests":1,"mean":5,"p99(ms)":5,"worst":5}',
    },
    {
      title: "A condition for one call, and a share",
      pipeline:
        "json | stats count if status >= 500 as errors, avg(status >= 500) as share by path",
      input: '{"path":"/a","status":200}\n{"path":"/a","status":503}\n{"path":"/b","status":404}',
      output: '{"path":"/a","errors":1,"share":0.5}\n{"path":"/b","errors":0,"share":0}',
    },
    {
      title: "Requests and errors of each minute",
      pipeline: "common | stats count, count if status >= 500 as errors by bin(time, 1m) as minute",
      input: '10.0.0.1 - - [01/Oct/2026:08:00:05 +0000] "GET /a HTTP/1.1" 200 10\n' +
        '10.0.0.2 - - [01/Oct/2026:08:00:59 +0000] "GET /b HTTP/1.1" 503 -\n' +
        '10.0.0.1 - - [01/Oct/2026:08:01:00 +0000] "GET /a HTTP/1.1" 200 10',
      output: '{"minute":"2026-10-01T08:00:00.000Z","count":2,"errors":1}\n' +
        '{"minute":"2026-10-01T08:01:00.000Z","count":1,"errors":0}',
    },
    {
      title: "Different values, counted and listed",
      pipeline: "json | stats distinct(user) as users, values(user, 10) as who",
      input: '{"user":"kim"}\n{"user":"lee"}\n{"user":"kim"}\n{"user":null}',
      output: '{"users":2,"who":["kim","lee"]}',
    },
    {
      title: "No rows, one answer",
      pipeline: "json | where status > 999 | stats count, sum(bytes) as bytes",
      input: '{"status":200,"bytes":10}',
      output: '{"count":0,"bytes":null}',
    },
    {
      title: "Two columns of one name",
      pipeline: "json | stats sum(a) as x, max(b) as x",
      input: "",
      error: "Two result columns are named `x` at line 1, column 27\n" +
        "  json | stats sum(a) as x, max(b) as x\n" +
        "                            ^^^^^^^^^^^\n" +
        "Give one of them another name with `as`",
    },
  ],
  schema(args, input, check) {
    const types = checkAggregates(args.aggregates, input, check);
    const fields = new Map<string, FieldType>();
    for (const { name, expression, at } of args.by ?? []) {
      addField(fields, name, check.expression(expression, input), at, check);
    }
    args.aggregates.forEach(({ name, at }, index) => {
      addField(fields, name, types[index]!, at, check);
    });
    return { fields, open: false };
  },
  memory: () => Infinity,
  create(args, context) {
    const { schema, vocabulary } = context;
    let held = 0;
    const take = (bytes: number) => {
      held += bytes;
      context.budget.take(bytes);
    };
    const keys = (args.by ?? []).map(({ name, expression }) => ({
      name,
      evaluate: compile(expression, schema, vocabulary.functions),
    }));
    const columns = aggregateColumns(args.aggregates, context, take);
    return new Aggregation(keys, columns, take, () => take(-held));
  },
});

function addField(
  fields: Map<string, FieldType>,
  name: string,
  type: FieldType,
  at: Span,
  check: CheckContext,
): void {
  if (fields.has(name)) {
    const hint = "Give one of them another name with `as`";
    check.issue({ message: `Two result columns are named \`${name}\``, at, hint });
  }
  fields.set(name, type);
}

export default stats;
