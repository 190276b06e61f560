/**
 * `json`: newline-delimited JSON objects.
 * @module
 */
import { z } from "zod";
import { MAX_JSON_DEPTH } from "../src/batch/json_fault.ts";
import { jsonLines } from "../src/batch/json_lines.ts";
import { lineFormat } from "../src/batch/lines.ts";
import { OPEN_SCHEMA } from "../src/schema.ts";
import { defineStage } from "../src/stage.ts";

export default defineStage({
  name: "json",
  kind: "format",
  framing: "lines",
  summary: "Reads one JSON object a line (NDJSON)",
  description:
    `Each line is an RFC 8259 object, and its keys are the row's fields; fields of nested objects are reached
with dots, \`request.headers.host\`. A line that is another JSON value, no JSON at all, or nested deeper than
${MAX_JSON_DEPTH} levels is a reject. Of a key that stands twice the last counts; \`__proto__\` is a key like any other.
Numbers are doubles, so integers beyond 2^53 are rounded, and beyond 1.8e308 they print as null. Bytes that are not UTF-8
read as U+FFFD. Where the stages below read only some fields, only those are made. Memory: at most one unfinished line.`,
  arguments: z.object({}),
  examples: [
    {
      title: "Objects pass as they are, whatever their keys",
      pipeline: "json",
      input: '{"path":"/a","took":12}\n{"path":"/b","user":{"id":7,"tags":["x","y"]}}\n',
      output: '{"path":"/a","took":12}\n{"path":"/b","user":{"id":7,"tags":["x","y"]}}',
    },
    {
      title: "A run in which no line is an object fails and says why",
      pipeline: "json",
      input: "[1,2]\n",
      error:
        "None of the 1 lines could become a row; line 1: Expected a JSON object, found an array",
    },
    {
      title: "Broken JSON is told with its column",
      pipeline: "json",
      input: '{"path":"/a",took:12}\n',
      error: "None of the 1 lines could become a row; " +
        'line 1: Expected a key in quotes at column 14, found "t"',
    },
  ],
  schema: () => OPEN_SCHEMA,
  memory: (_, limits) => limits.maxLineBytes,
  create: (_, context) => lineFormat(jsonLines(context.demand), context),
});
