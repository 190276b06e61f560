/**
 * `simple`: METHOD PATH STATUS LATENCY.
 * @module
 */
import { z } from "zod";
import { lineFormat } from "../src/batch/lines.ts";
import { SIMPLE_FIELDS, SIMPLE_LOG } from "../src/batch/simple_log.ts";
import { schemaOf } from "../src/schema.ts";
import { defineStage } from "../src/stage.ts";

export default defineStage({
  name: "simple",
  kind: "format",
  framing: "lines",
  summary: "Reads `METHOD PATH STATUS LATENCY` lines such as `GET /api/data 500 1502ms`",
  description:
    `Four words with one space between them. Fields: \`method\`, \`path\` (without the query string), \`query\`
(what stands behind \`?\`, or null), \`status\` (three digits), \`latency\` in milliseconds (written with \`ns\`, \`us\` or \`µs\`,
\`ms\` or \`s\`, with a fraction or without). Any other line is a reject. Memory: at most one unfinished line.`,
  arguments: z.object({}),
  examples: [
    {
      title: "Latencies are milliseconds, whatever their unit",
      pipeline: "simple",
      input: "GET /api/data 500 1502ms\nPOST /api/items?draft=1 201 1.5s\n",
      output: [
        '{"method":"GET","path":"/api/data","query":null,"status":500,"latency":1502}',
        '{"method":"POST","path":"/api/items","query":"draft=1","status":201,"latency":1500}',
      ].join("\n"),
    },
    {
      title: "A latency needs its unit",
      pipeline: "simple",
      input: "GET /api/data 500 1502\n",
      error: "None of the 1 lines could become a row; " +
        'line 1: Expected a latency such as 1502ms, found "1502"',
    },
  ],
  schema: () => schemaOf(SIMPLE_FIELDS),
  memory: (_, limits) => limits.maxLineBytes,
  create: (_, context) => lineFormat(SIMPLE_LOG, context),
});
