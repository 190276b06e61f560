/**
 * `combined`: the combined log format.
 * @module
 */
import { z } from "zod";
import { accessLog, COMBINED_FIELDS } from "../src/batch/access_log.ts";
import { lineFormat } from "../src/batch/lines.ts";
import { schemaOf } from "../src/schema.ts";
import { defineStage } from "../src/stage.ts";

export default defineStage({
  name: "combined",
  kind: "format",
  framing: "lines",
  summary: "Reads access logs in the combined format of Apache and nginx",
  description:
    `\`ip ident user [time] "request" status bytes "referer" "agent"\`. A line is a row when it holds all
up to the quote that begins the referer; a referer or agent that the line's end cuts is what is there, a missing agent is
null, and anything behind the agent is ignored. Every other line is a reject. A quote behind a backslash does not end a
field; escapes are kept as they are written. A user name may contain spaces.

| field | |
| --- | --- |
| \`ip\`, \`ident\`, \`user\`, \`referer\`, \`agent\` | as written |
| \`time\` | an instant; null when the brackets hold anything but \`17/May/2015:10:05:03 +0000\` |
| \`method\`, \`path\`, \`query\`, \`protocol\` | of the request; \`path\` and \`query\` without the \`?\`, \`query\` null without one |
| \`status\`, \`bytes\` | numbers; bytes are exact up to 2^53 |
| \`request\` | the whole request |

A field that is \`-\` is null. A request that is not METHOD TARGET PROTOCOL, such as the raw bytes of a scanner, has null
in all its parts: \`request\` shows it whole. Fields are made only when a later stage asks for them, and which lines are
rows does not depend on that. Memory: at most one unfinished line.`,
  arguments: z.object({}),
  examples: [
    {
      title: "All fields of a line",
      pipeline: "combined",
      input:
        '83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /search?q=logs HTTP/1.1" 200 203023 ' +
        '"http://example.com/" "Mozilla/5.0"\n',
      output: '{"ip":"83.149.9.216","ident":null,"user":null,"time":"2015-05-17T10:05:03.000Z",' +
        '"method":"GET","path":"/search","query":"q=logs","protocol":"HTTP/1.1","status":200,' +
        '"bytes":203023,"referer":"http://example.com/","agent":"Mozilla/5.0",' +
        '"request":"GET /search?q=logs HTTP/1.1"}',
    },
    {
      title: "A request of raw bytes is kept whole",
      pipeline: "combined | select status, method, path, request",
      input: '1.2.3.4 - - [17/Oct/2023:05:57:49 +1100] "\\x16\\x03\\x01" 400 226 "-" "-"\n',
      output: '{"status":400,"method":null,"path":null,"request":"\\\\x16\\\\x03\\\\x01"}',
    },
    {
      title: "A line without a referer is a reject; `common` reads it",
      pipeline: "combined",
      input: '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 2326\n',
      error: "None of the 1 lines could become a row; " +
        "line 1: Expected a referer in quotes after the size, found the end of the line",
    },
  ],
  schema: () => schemaOf(COMBINED_FIELDS),
  memory: (_, limits) => limits.maxLineBytes,
  create: (_, context) => lineFormat(accessLog("combined", context.demand), context),
});
