/**
 * `buffer`: the bound of one edge, and what happens beyond it.
 * @module
 */
import type { Batch } from "../src/batch/batch.ts";
import { HeldBatches } from "../src/lanes/held_batches.ts";
import { fixedRoom, MeasuredRoom } from "../src/lanes/room.ts";
import { argument } from "../src/language/arguments.ts";
import { defineStage, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const shape = {
  auto: argument.choice(["auto"], {
    description: "Lets the times of the stage below decide, in place of a bound",
  }).optional(),
  bound: argument.bound({
    description: "The most that may wait here: rows (`100`) or bytes (`4MiB`)",
  }).optional(),
  overflow: argument.choice(["block", "drop_newest", "drop_oldest", "fail"], {
    description: "What happens to rows that find no room; `block` unless said otherwise",
    option: true,
  }).default("block"),
};

/** The stage `buffer`. A plain bound is the queue in front of it, which the pipeline keeps; else it holds rows itself. */
const buffer: StageDefinition<typeof shape> = defineStage({
  name: "buffer",
  kind: "row-local",
  rows: "passed",
  rowForRow: true,
  summary: "Sets how much may wait between the stage before it and the stage after it",
  description:
    "Passes rows on unchanged. The bound is that of the queue in front of `buffer`, in place of the default, and is " +
    "kept to the row: batches are cut so that it holds. When it is full, the stages above wait, up to the client's " +
    "own socket. A small bound keeps latency and memory low, a large one evens out stages of uneven speed. " +
    "Such a bound never changes a result.\n\n" +
    "`overflow` is for producers that cannot wait: the upload is then read as fast as it comes, and what finds no room " +
    "because the stages below are slow is dropped (`drop_newest` the rows that come, `drop_oldest` those that wait " +
    "longest), counted in the report and the notice, or ends the run (`fail`). In a nested pipeline nothing waits " +
    "beside the pipeline around it, so nothing is dropped there either.\n\n" +
    "`auto` measures the stage below: there is room for 2 * p99 / median of its times, in batches, from 2 to 64 and at " +
    "most eight times the bytes of an ordinary edge. It starts with 2 and is looked at again every 16 batches; the " +
    "report shows the bound, and each change is an event.",
  arguments: z.object(shape),
  examples: [
    {
      title: "At most 2 rows wait for the stages below",
      pipeline: "json | buffer 2 | where n > 1",
      input: '{"n":1}\n{"n":2}\n{"n":3}\n',
      output: '{"n":2}\n{"n":3}',
    },
    {
      title: "A burst that the stages below cannot keep up with loses its oldest rows",
      pipeline: "json | buffer 10000 overflow=drop_oldest | where n > 1",
      input: '{"n":1}\n{"n":2}\n{"n":3}\n',
      output: '{"n":2}\n{"n":3}',
    },
    {
      title: "As much as the times of the stage below ask for",
      pipeline: "json | buffer auto | where n > 1",
      input: '{"n":1}\n{"n":2}\n',
      output: '{"n":2}',
    },
    {
      title: "A bound, or auto",
      pipeline: "json | buffer overflow=fail",
      input: "",
      error: "A `buffer` has a bound or `auto` at line 1, column 8\n" +
        "  json | buffer overflow=fail\n" +
        "         ^^^^^^\n" +
        "Write `buffer 100`, `buffer 4MiB` or `buffer auto`",
    },
  ],
  schema({ auto, bound }, input, check) {
    if ((auto === undefined) === (bound === undefined)) {
      check.issue({
        message: "A `buffer` has a bound or `auto`",
        at: { start: 0, end: 0 },
        hint: "Write `buffer 100`, `buffer 4MiB` or `buffer auto`",
      });
    }
    return input;
  },
  memory({ bound }, limits) {
    if (bound === undefined) return 8 * limits.edgeBytes;
    return "rows" in bound ? bound.rows * limits.maxLineBytes : bound.bytes;
  },
  light: ({ overflow }) => overflow === "block",
  keeps: ({ bound, overflow }) =>
    bound !== undefined && overflow === "block" ? "nothing" : undefined,
  queue: ({ bound, overflow }) =>
    overflow === "block" && bound !== undefined ? bound : { bytes: 1 },
  create({ bound, overflow }, context) {
    if (bound !== undefined && overflow === "block") return { push: (batch: Batch) => [batch] };
    const room = bound === undefined
      ? new MeasuredRoom(context, context.limits.edgeBytes)
      : fixedRoom(bound);
    return new HeldBatches(overflow, room, context);
  },
});

export default buffer;
