/**
 * `lines`: every line is a row.
 * @module
 */
import { z } from "zod";
import { Batch } from "../src/batch/batch.ts";
import { TextColumn } from "../src/batch/column.ts";
import { type LineFormat, splitLines } from "../src/batch/line_format.ts";
import { lineFormat } from "../src/batch/lines.ts";
import { schemaOf } from "../src/schema.ts";
import { defineStage } from "../src/stage.ts";

const TEXT_LINES: LineFormat = {
  parse(bytes, start, end) {
    const split = splitLines(bytes, start, end);
    const { count, starts, ends, lines, empty, next } = split;
    const column = new TextColumn(bytes, starts, ends);
    const batch = count === 0 ? null : Batch.lazy(count, ["line"], () => column, next - start);
    return { batch, lines, empty, faults: [], next };
  },
};

export default defineStage({
  name: "lines",
  kind: "format",
  framing: "lines",
  summary: "Reads every line as one field `line`",
  description:
    `Each line that is not empty is a row with the field \`line\`, without its \`\\n\` or \`\\r\\n\`; bytes that
are not UTF-8 read as U+FFFD. Every line is a row, except one that is longer than the line limit (1 MiB), which is a reject.
Memory: at most one unfinished line.`,
  arguments: z.object({}),
  examples: [
    {
      title: "Empty lines are left out, and a last line needs no line feed",
      pipeline: "lines",
      input: 'first\n\nsecond, with "quotes"\r\nlast',
      output: [
        '{"line":"first"}',
        '{"line":"second, with \\"quotes\\""}',
        '{"line":"last"}',
      ].join("\n"),
    },
    {
      title: "Count lines by their text",
      pipeline: "lines | stats count by line",
      input: "yes\nno\nyes\n",
      output: '{"line":"yes","count":2}\n{"line":"no","count":1}',
    },
  ],
  schema: () => schemaOf({ line: "text" }),
  memory: (_, limits) => limits.maxLineBytes,
  create: (_, context) => lineFormat(TEXT_LINES, context),
});
