/**
 * `session`: a nested pipeline for each session of a key.
 * @module
 */
import { compile } from "../src/expression/compile.ts";
import { argument } from "../src/language/arguments.ts";
import { addedFields, type FieldType } from "../src/schema.ts";
import { defineStage, type StageDefinition } from "../src/stage.ts";
import { compileTimes, LeftOut, MOST_MS, TIME_FIELD } from "../src/windows/event_time.ts";
import { checkTime, readsTime, timeArguments } from "../src/windows/options.ts";
import { Sessions } from "../src/windows/sessions.ts";
import { z } from "zod";

const shape = {
  gap: argument.duration({
    description: "Rows that are so far apart are in two sessions",
    minimum: 1,
    maximum: MOST_MS,
  }),
  by: argument.columns({
    description: "Fields or expressions whose values have sessions of their own",
    keyword: "by",
  }).optional(),
  ...timeArguments("session"),
  pipeline: argument.pipeline({ description: "What is done with each session", rest: true }),
};

/** The stage `session`. Rows wait in the batches they came in; a pipeline is made for a session when it is over. */
const session: StageDefinition<typeof shape> = defineStage({
  name: "session",
  kind: "ordered",
  previews: "rerun",
  rows: "made",
  summary: "Runs a nested pipeline for each session: rows of a key without a gap",
  description:
    "Rows of one key are in one session when less than the gap lies between one and the next. The time is that of " +
    "`window`, and so is the watermark: when it passes the gap behind a session's last row, the session's rows go " +
    "through a pipeline of their own in the order of time, and what comes out has the keys, `session_start` and " +
    "`session_end` (the times of its first and last row) and `pane=on_time`. Sessions come out in the order in which " +
    "they end, while the upload goes on; what is still open comes at the end. A row that arrives between two open " +
    "sessions and is near enough to both makes them one.\n\n" +
    "A row is late when the session that it would begin is over and no open one is near. `late=drop` drops and counts it, in " +
    "the notice and the report; `late=emit` passes it on, marked `pane=late`; `late=update` keeps a session for as long as the " +
    "`lateness` again, and then, if rows came, gives its whole answer once more as `pane=late`. When such rows join " +
    "it with an open session, the answer of the whole is marked `late`. Rows without a time are in no session, and are counted.\n\n" +
    "Holds the rows of open sessions, each with about 120 bytes, and 240 bytes a session, bounded by the run's budget.",
  arguments: z.object(shape),
  examples: [
    {
      title: "Visits of each user",
      pipeline: "json | session 30m by user (stats count as hits, last(page) as exit)",
      input:
        '{"time":"2026-10-01T08:00:00Z","user":"kim","page":"/"}\n{"time":"2026-10-01T08:10:00Z","user":"lee","page":"/"}\n' +
        '{"time":"2026-10-01T08:20:00Z","user":"kim","page":"/cart"}\n{"time":"2026-10-01T09:00:00Z","user":"kim","page":"/"}',
      output:
        '{"hits":1,"exit":"/","user":"lee","session_start":"2026-10-01T08:10:00.000Z","session_end":"2026-10-01T08:10:00.000Z","pane":"on_time"}\n' +
        '{"hits":2,"exit":"/cart","user":"kim","session_start":"2026-10-01T08:00:00.000Z","session_end":"2026-10-01T08:20:00.000Z","pane":"on_time"}\n' +
        '{"hits":1,"exit":"/","user":"kim","session_start":"2026-10-01T09:00:00.000Z","session_end":"2026-10-01T09:00:00.000Z","pane":"on_time"}',
    },
    {
      title: "A row that comes late joins two sessions",
      pipeline:
        "json | session 10s on at lateness=10s (stats count, values(at) as times) | drop pane",
      input: '{"at":1000}\n{"at":13000}\n{"at":7000}',
      output:
        '{"count":3,"times":[1000,7000,13000],"session_start":"1970-01-01T00:00:01.000Z","session_end":"1970-01-01T00:00:13.000Z"}',
    },
    {
      title: "A row that comes too late, passed on",
      pipeline: "json | session 5s on at late=emit (stats count) | select count, at, pane",
      input: '{"at":1000}\n{"at":9000}\n{"at":2000}',
      output: '{"count":1,"at":null,"pane":"on_time"}\n{"count":null,"at":2000,"pane":"late"}\n' +
        '{"count":1,"at":null,"pane":"on_time"}',
    },
  ],
  reads: readsTime,
  schema({ on, by = [], late, lateness, pipeline }, input, check) {
    checkTime({ on, late, lateness }, input, check, "Sessions");
    const keys = by.map(({ name, expression }): [string, FieldType] => [
      name,
      check.expression(expression, input),
    ]);
    const output = check.nested(pipeline, input);
    return addedFields(late === "emit" ? [output, input] : [output], [
      ...keys,
      ["session_start", "time"],
      ["session_end", "time"],
      ["pane", "text"],
    ]);
  },
  memory: () => Infinity,
  create({ gap, by = [], on, lateness, late, pipeline }, context) {
    const { schema, vocabulary } = context;
    return new Sessions({
      gapMs: gap,
      latenessMs: lateness,
      late,
      timesOf: compileTimes(on ?? TIME_FIELD, context),
      keys: by.map(({ name, expression }) => ({
        name,
        evaluate: compile(expression, schema, vocabulary.functions),
      })),
      leftOut: new LeftOut("session", late, context),
      budget: context.budget,
      make: context.nestedFactory(pipeline, "1"),
    });
  },
});

export default session;
