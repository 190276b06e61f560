/**
 * `ltsv`: labelled tab-separated values.
 * @module
 */
import { z } from "zod";
import { lineFormat } from "../src/batch/lines.ts";
import { pairLines } from "../src/batch/pair_lines.ts";
import { OPEN_SCHEMA } from "../src/schema.ts";
import { defineStage } from "../src/stage.ts";

export default defineStage({
  name: "ltsv",
  kind: "format",
  summary: "Reads `label:value` fields between tabs (LTSV)",
  description:
    `Labels end at the first colon; values are text up to the next tab, with nothing quoted and nothing escaped, and
an empty one is null. Of a label that stands twice the last counts. A line with a field that has no label is a reject.
Memory: at most one unfinished line.`,
  arguments: z.object({}),
  examples: [
    {
      title: "Values may hold colons",
      pipeline: "ltsv",
      input: "host:127.0.0.1\ttime:10:05:03\tua:\n",
      output: '{"host":"127.0.0.1","time":"10:05:03","ua":null}',
    },
    {
      title: "A field without a label",
      pipeline: "ltsv",
      input: "host:a\tb\n",
      error: "None of the 1 lines could become a row; " +
        'line 1: Expected a label and a colon at column 8, found "b"',
    },
  ],
  schema: () => OPEN_SCHEMA,
  memory: (_, limits) => limits.maxLineBytes,
  create: (_, context) => lineFormat(pairLines("ltsv", context.demand), context),
});
