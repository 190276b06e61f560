/**
 * `partition`: the rows of each key in one of several instances of a pipeline.
 * @module
 */
import { compile } from "../src/expression/compile.ts";
import { KeyLanes } from "../src/lanes/key_lanes.ts";
import { Partitioned } from "../src/lanes/partitioned.ts";
import { firstStateful } from "../src/lanes/stateless.ts";
import { argument } from "../src/language/arguments.ts";
import { defineStage, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const MOST_LANES = 64;

const shape = {
  by: argument.columns({
    description: "Fields or expressions: rows with equal values stay together, in order",
    keyword: "by",
  }),
  into: argument.count({
    description: "How many lanes, from 1 to 64",
    keyword: "into",
    minimum: 1,
    maximum: MOST_LANES,
  }),
  pipeline: argument.pipeline({ description: "What each lane runs, in parentheses" }),
};

/** The stage `partition`. Shares batches out by selections of their rows; none is copied. */
const partition: StageDefinition<typeof shape> = defineStage({
  name: "partition",
  kind: "ordered",
  rows: "made",
  summary: "Runs a pipeline in several lanes, the rows of one key in one lane, in order",
  description:
    "Each lane is an instance of the pipeline with a state of its own, so sessions, running totals and `stats` by the " +
    "same key give what they give without lanes. Which lane a key has depends on the key alone. Lanes wait beside each " +
    "other, as for a slow lookup, and share one thread for what they compute; the next batch comes when all are done " +
    "with the last. Rows of one key stay in order; between keys they come lane by lane within a batch, and what comes " +
    "at the end lane by lane. With one lane, and around stages that take each row by itself and need not wait, all " +
    "rows stay in order. A stage inside that throws fails the run. Holds what the stages of all lanes hold. " +
    "`stats` without these keys gives one result a lane.",
  arguments: z.object(shape),
  examples: [
    {
      title: "Totals by user, in two lanes",
      pipeline: "json | partition by user into 2 (stats sum(bytes) as bytes by user) | sort user",
      input: '{"user":"kim","bytes":1}\n{"user":"lee","bytes":5}\n{"user":"kim","bytes":2}\n',
      output: '{"user":"kim","bytes":3}\n{"user":"lee","bytes":5}',
    },
    {
      title: "Running totals, each user's in order",
      pipeline:
        "json | partition by user into 4 (running sum(bytes) as total) | select user, total",
      input: '{"user":"kim","bytes":1}\n{"user":"kim","bytes":2}\n',
      output: '{"user":"kim","total":1}\n{"user":"kim","total":3}',
    },
    {
      title: "At least one lane",
      pipeline: "json | partition by user into 0 (stats count)",
      input: "",
      error: "`into` must be at least 1, found 0 at line 1, column 31\n" +
        "  json | partition by user into 0 (stats count)\n" +
        "                                ^",
    },
  ],
  stateless: () => true,
  asNested: true,
  keeps: ({ into }) => into === 1 ? "nested" : undefined,
  schema({ by, pipeline }, input, check) {
    for (const { expression } of by) check.expression(expression, input);
    return check.nested(pipeline, input);
  },
  create({ by, into, pipeline }, context) {
    const { schema, vocabulary } = context;
    const make = context.nestedFactory(pipeline, "1");
    if (into === 1) return make();
    const keys = by.map(({ expression }) => compile(expression, schema, vocabulary.functions));
    const rowLocal = firstStateful(pipeline, vocabulary) === null;
    const lanes = Array.from({ length: into }, () => make());
    return new Partitioned(lanes, new KeyLanes(keys, into), rowLocal);
  },
});

export default partition;
