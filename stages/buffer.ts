/**
 * `buffer`: the bound of one edge.
 * @module
 */
import type { Batch } from "../src/batch/batch.ts";
import { argument } from "../src/language/arguments.ts";
import { defineStage, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const shape = {
  bound: argument.bound({
    description: "The most that may wait here: rows (`100`) or bytes (`4MiB`)",
  }),
};

/** The stage `buffer`. All its work is the queue in front of it, which the pipeline keeps. */
const buffer: StageDefinition<typeof shape> = defineStage({
  name: "buffer",
  kind: "row-local",
  rows: "passed",
  summary: "Sets how much may wait between the stage before it and the stage after it",
  description:
    "Passes rows on unchanged. The bound is that of the queue in front of `buffer`, in place of the default, and is " +
    "kept to the row: batches are cut so that it holds. When it is full, the stages above wait, up to the client's " +
    "own socket. A small bound keeps latency and memory low, a large one evens out stages of uneven speed. The bound " +
    "never changes a result.",
  arguments: z.object(shape),
  examples: [
    {
      title: "At most 2 rows wait for the stages below",
      pipeline: "json | buffer 2 | where n > 1",
      input: '{"n":1}\n{"n":2}\n{"n":3}\n',
      output: '{"n":2}\n{"n":3}',
    },
  ],
  memory: ({ bound }, limits) => "rows" in bound ? bound.rows * limits.maxLineBytes : bound.bytes,
  queue: ({ bound }) => bound,
  create: () => ({ push: (batch: Batch) => [batch] }),
});

export default buffer;
