/**
 * `logfmt`: key=value pairs.
 * @module
 */
import { z } from "zod";
import { lineFormat } from "../src/batch/lines.ts";
import { pairLines } from "../src/batch/pair_lines.ts";
import { OPEN_SCHEMA } from "../src/schema.ts";
import { defineStage } from "../src/stage.ts";

export default defineStage({
  name: "logfmt",
  kind: "format",
  summary: "Reads `key=value` lines (logfmt)",
  description:
    `Pairs with spaces between them, as Heroku and Go's loggers write them. A value in double quotes may hold
anything, with JSON's escapes. \`key=\` is null, a key alone is true, every other value is text, which compares with numbers
as a number. Of a key that stands twice the last counts. A line is a reject when a pair begins with \`=\` or a quote, when a
quote or \`=\` stands inside a plain value, or when a quote is not closed. Memory: at most one unfinished line.`,
  arguments: z.object({}),
  examples: [
    {
      title: "Quoted values, bare keys and missing values",
      pipeline: "logfmt",
      input: 'level=info msg="said \\"hi\\"" took=12 cached user=\n',
      output: '{"level":"info","msg":"said \\"hi\\"","took":"12","cached":true,"user":null}',
    },
    {
      title: "A quote that nothing closes",
      pipeline: "logfmt",
      input: 'msg="cut\n',
      error: "None of the 1 lines could become a row; " +
        "line 1: Expected a closing quote at column 9, found the end of the line",
    },
  ],
  schema: () => OPEN_SCHEMA,
  memory: (_, limits) => limits.maxLineBytes,
  create: (_, context) => lineFormat(pairLines("logfmt", context.demand), context),
});
