/**
 * `parallel`: several instances of a pipeline beside each other.
 * @module
 */
import { BALANCES } from "../src/lanes/balance.ts";
import { ParallelLanes } from "../src/lanes/parallel_lanes.ts";
import { firstStateful } from "../src/lanes/stateless.ts";
import { argument } from "../src/language/arguments.ts";
import { defineStage, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const MOST_LANES = 64;
const MOST_BY_ITSELF = 16;

const lanes = { minimum: 1, maximum: MOST_LANES, option: true } as const;
const shape = {
  auto: argument.choice(["auto"], {
    description: "As many lanes as keep up, in place of a number",
  }).optional(),
  lanes: argument.count({
    description: "How many lanes, from 1 to 64",
    minimum: 1,
    maximum: MOST_LANES,
  }).optional(),
  unordered: argument.choice(["unordered"], {
    description: "Gives rows as they are ready, not in the order in which they came",
  }).optional(),
  pipeline: argument.pipeline({ description: "What each lane runs, in parentheses" }),
  balance: argument.choice(BALANCES, {
    description: "Which free lane gets the next batch; `least_busy` unless said otherwise",
    option: true,
  }).default("least_busy"),
  min: argument.count({ description: "The fewest lanes of `auto`; 1 by default", ...lanes })
    .optional(),
  max: argument.count({ description: "The most lanes of `auto`; 16 by default", ...lanes })
    .optional(),
};

/** The stage `parallel`. Each batch goes to one lane, whose calls never overlap; several lanes may wait at once. */
const parallel: StageDefinition<typeof shape> = defineStage({
  name: "parallel",
  kind: "ordered",
  rows: "made",
  summary: "Runs a pipeline in several lanes, each batch in one that is free",
  description:
    "Worth it around stages that wait, such as lookups: so many batches wait at once. What lanes compute shares the " +
    "request's thread, or, where the server has worker threads and an aggregate follows, theirs: a large upload goes to " +
    "all of them, lanes and all, and the rows keep their order. Rows come out in the order in " +
    "which they came in, or with `unordered` as they are ready. Rows that a stage inside gives of its own accord, after " +
    "its batch, come as they are ready in any case. Only stages that take each row by itself can be inside: an " +
    "aggregate would answer once a lane; `partition by KEY` is for these.\n\n" +
    "`balance` chooses among free lanes: the one that has worked least, the next in turn (`round_robin`), or in turn " +
    "with a larger share for quicker ones (`weighted`). A lane that throws, or takes four times as long as the others, is " +
    "taken out for 100 ms, then up to 10 s, and tried again. What it was given goes to another lane, three in all; " +
    "then, or when a stage inside holds rows itself, the run fails. Rejects and figures of a batch are told when it is " +
    "through, and so once; `retried` in the report counts the batches that were done again.\n\n" +
    "`auto` begins with `min` lanes, adds one after 4 batches in a row that found all lanes busy, and takes one away " +
    "after 64 in a row that left more than half idle. Every change is an event. Holds at most two batches a lane.",
  arguments: z.object(shape),
  examples: [
    {
      title: "Eight lanes, rows in order",
      pipeline: "json | parallel 8 (where n > 1 | let double = n * 2)",
      input: '{"n":1}\n{"n":2}\n{"n":3}\n',
      output: '{"n":2,"double":4}\n{"n":3,"double":6}',
    },
    {
      title: "As many lanes as it takes, each row when it is ready",
      pipeline: "json | parallel auto unordered (select n) max=4 balance=weighted | stats count",
      input: '{"n":1}\n{"n":2}\n',
      output: '{"count":2}',
    },
    {
      title: "An aggregate would answer once a lane",
      pipeline: "json | parallel 4 (stats count by user)",
      input: "",
      error: "`stats` depends on rows that are in other lanes at line 1, column 20\n" +
        "  json | parallel 4 (stats count by user)\n" +
        "                     ^^^^^^^^^^^^^^^^^^^\n" +
        "Put it behind `parallel`, or write `partition by KEY into 4 (...)`",
    },
  ],
  stateless: () => true,
  asNested: true,
  keeps: ({ lanes }) => lanes === 1 ? "nested" : undefined,
  schema({ auto, lanes, pipeline, min, max }, input, check) {
    const at = { start: 0, end: 0 };
    if ((auto === undefined) === (lanes === undefined)) {
      const hint = "Write `parallel 8 (...)` or `parallel auto (...)`";
      check.issue({ message: "`parallel` has a number of lanes or `auto`", at, hint });
    }
    if (auto === undefined && (min !== undefined || max !== undefined)) {
      const hint = "Write `parallel auto min=1 max=8 (...)`";
      check.issue({ message: "`min` and `max` are for `auto`", at, hint });
    }
    const [least, most] = [min ?? 1, max ?? Math.max(min ?? 1, MOST_BY_ITSELF)];
    if (least > most) {
      const message = `\`min\` is ${least} and \`max\` is ${most}`;
      check.issue({ message, at, hint: "Give a `max` that is not below `min`" });
    }
    const stateful = firstStateful(pipeline, check.vocabulary);
    if (stateful !== null) {
      check.issue({
        message: `\`${stateful.stage}\` depends on rows that are in other lanes`,
        at: stateful.at,
        hint: `Put it behind \`parallel\`, or write \`partition by KEY into ${lanes ?? 8} (...)\``,
      });
    }
    return check.nested(pipeline, input);
  },
  memory: ({ lanes, min, max }, limits) =>
    2 * (lanes ?? max ?? Math.max(min ?? 1, MOST_BY_ITSELF)) * limits.edgeBytes,
  create({ lanes, unordered, pipeline, balance, min, max }, context) {
    // One lane has nobody who would do its batches again.
    if (lanes === 1) return context.nested(pipeline, "1");
    const least = lanes ?? min ?? 1;
    const most = lanes ?? max ?? Math.max(least, MOST_BY_ITSELF);
    const ordered = unordered === undefined;
    const make = context.attempts(pipeline, "1");
    return new ParallelLanes({ least, most, ordered, balance, make }, context);
  },
});

export default parallel;
