/**
 * `common`: Common Log Format.
 * @module
 */
import { z } from "zod";
import { accessLog, COMMON_FIELDS } from "../src/batch/access_log.ts";
import { lineFormat } from "../src/batch/lines.ts";
import { schemaOf } from "../src/schema.ts";
import { defineStage } from "../src/stage.ts";

export default defineStage({
  name: "common",
  kind: "format",
  framing: "lines",
  summary: "Reads access logs in the Common Log Format of Apache, nginx and others",
  description:
    `\`ip ident user [time] "request" status bytes\`; whatever follows behind a space is ignored, so that
\`combined\` lines are rows too. Fields and rejects are those of \`combined\`, without \`referer\` and \`agent\`.
Memory: at most one unfinished line.`,
  arguments: z.object({}),
  examples: [
    {
      title: "The line of the Apache manual",
      pipeline: "common",
      input:
        '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif?v=2 HTTP/1.0" 200 2326\n',
      output: '{"ip":"127.0.0.1","ident":null,"user":"frank","time":"2000-10-10T20:55:36.000Z",' +
        '"method":"GET","path":"/apache_pb.gif","query":"v=2","protocol":"HTTP/1.0","status":200,' +
        '"bytes":2326,"request":"GET /apache_pb.gif?v=2 HTTP/1.0"}',
    },
    {
      title: "A line that is something else is a reject",
      pipeline: "common",
      input: '127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" abc 2326\n',
      error: "None of the 1 lines could become a row; " +
        'line 1: Expected a status of three digits, found "abc"',
    },
  ],
  schema: () => schemaOf(COMMON_FIELDS),
  memory: (_, limits) => limits.maxLineBytes,
  create: (_, context) => lineFormat(accessLog("common", context.demand), context),
});
