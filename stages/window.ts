/**
 * `window`: a nested pipeline for each stretch of event time.
 * @module
 */
import { argument } from "../src/language/arguments.ts";
import { addedFields } from "../src/schema.ts";
import { defineStage, type StageDefinition } from "../src/stage.ts";
import { compileTimes, LeftOut, MOST_MS, TIME_FIELD } from "../src/windows/event_time.ts";
import { checkTime, readsTime, timeArguments } from "../src/windows/options.ts";
import { checkPreviews } from "../src/windows/previews.ts";
import { Windowed } from "../src/windows/windowed.ts";
import { z } from "zod";

const shape = {
  length: argument.duration({ description: "How long a window is", minimum: 1, maximum: MOST_MS }),
  every: argument.duration({
    description: "How far windows are apart, a whole part of the length; by default the length",
    keyword: "every",
    minimum: 1,
    maximum: MOST_MS,
  }).optional(),
  ...timeArguments("window"),
  early: argument.duration({
    description: "Shows open windows that have changed, each time so much real time has passed",
    option: true,
    minimum: 10,
    maximum: MOST_MS,
  }).optional(),
  pipeline: argument.pipeline({ description: "What is done with each window", rest: true }),
};

/** So many windows have a row in common at most. */
const MOST_OVERLAPPING = 100;

const ADDED = [["window_start", "time"], ["window_end", "time"], ["pane", "text"]] as const;

/** The stage `window`. A batch that falls into one window is handed on as it is, others as selections of it. */
const window: StageDefinition<typeof shape> = defineStage({
  name: "window",
  kind: "ordered",
  previews: "kept",
  rows: "made",
  summary:
    "Runs a nested pipeline for each window of event time, and answers as soon as it is over",
  description:
    "A row belongs to the window that its time is in, with `every` to each of up to 100 that overlap; windows start " +
    "at multiples of `every` since 1970 in UTC and have rows of their own pipeline: that in parentheses, else all " +
    "stages behind. The time is an instant, milliseconds since 1970, or text in ISO 8601. The watermark is the latest " +
    "time seen less the `lateness`. When it passes the end of a window, that window's rows come out, with " +
    "`window_start`, `window_end` and `pane=on_time`, while the upload goes on; what is still open comes at the end, in " +
    "order. A window without rows gives nothing. A single time far in the future closes every window before it.\n\n" +
    "A row is late when a window that it belongs to is over. `late=drop` leaves it out of that window; the notice and " +
    "the report count such rows. `late=emit` besides passes the row itself on, marked `pane=late`, with the bounds of the oldest " +
    "window that it missed. `late=update` keeps a window for as long as the `lateness` again, and then, if rows came, gives its " +
    "whole answer once more as `pane=late`; later ones are dropped. `early` shows windows before they are over, as " +
    "`pane=early`. Rows without a time belong to no window, and are counted.\n\n" +
    "With `late=update` or `early`, answers are not final: behind the first stage of the pipeline that answers at the end (`stats`, `sort`), " +
    "there may be none that waits or reaches out (`throttle`, `lookup`, `cache`, `into`). It goes behind the window.\n\n" +
    "Each open window holds what its pipeline holds, and rows that it has given already; at most 10,000 are open.",
  arguments: z.object(shape),
  examples: [
    {
      title: "Rows of each minute, as soon as it is over",
      pipeline: "json | window 1m (stats count, sum(bytes) as bytes)",
      input:
        '{"time":"2026-10-01T08:00:05Z","bytes":10}\n{"time":"2026-10-01T08:00:59Z","bytes":5}\n' +
        '{"time":"2026-10-01T08:02:00Z","bytes":1}',
      output:
        '{"count":2,"bytes":15,"window_start":"2026-10-01T08:00:00.000Z","window_end":"2026-10-01T08:01:00.000Z","pane":"on_time"}\n' +
        '{"count":1,"bytes":1,"window_start":"2026-10-01T08:02:00.000Z","window_end":"2026-10-01T08:03:00.000Z","pane":"on_time"}',
    },
    {
      title: "Windows that overlap, on a field in milliseconds",
      pipeline: "json | window 2s every 1s on at (stats count) | where count > 1 | drop pane",
      input: '{"at":1000}\n{"at":1500}\n{"at":2100}',
      output:
        '{"count":2,"window_start":"1970-01-01T00:00:00.000Z","window_end":"1970-01-01T00:00:02.000Z"}\n' +
        '{"count":3,"window_start":"1970-01-01T00:00:01.000Z","window_end":"1970-01-01T00:00:03.000Z"}',
    },
    {
      title: "A late row is waited for, a later one dropped",
      pipeline: "json | window 10s on at lateness=5s (stats count) | select count, window_start",
      input: '{"at":9000}\n{"at":12000}\n{"at":8000}\n{"at":15000}\n{"at":7000}',
      output: '{"count":2,"window_start":"1970-01-01T00:00:00.000Z"}\n' +
        '{"count":2,"window_start":"1970-01-01T00:00:10.000Z"}',
    },
    {
      title: "An answer that late rows correct",
      pipeline:
        "json | window 10s on at lateness=5s late=update (stats count) | select count, pane",
      input: '{"at":9000}\n{"at":15000}\n{"at":8000}\n{"at":20000}',
      output:
        '{"count":1,"pane":"on_time"}\n{"count":2,"pane":"late"}\n{"count":1,"pane":"on_time"}\n' +
        '{"count":1,"pane":"on_time"}',
    },
    {
      title: "Windows must fit their distance",
      pipeline: "json | window 5m every 2m (stats count)",
      input: "",
      error: "A window of 300000 ms cannot start every 120000 ms at line 1, column 8\n" +
        "  json | window 5m every 2m (stats count)\n" +
        "         ^^^^^^\n" +
        "Give a distance that divides the length, at most 100 times",
    },
  ],
  reads: readsTime,
  schema({ on, length, every = length, late, lateness, early, pipeline }, input, check) {
    const at = { start: 0, end: 0 };
    if (length % every !== 0 || length / every > MOST_OVERLAPPING) {
      check.issue({
        message: `A window of ${length} ms cannot start every ${every} ms`,
        at,
        hint: `Give a distance that divides the length, at most ${MOST_OVERLAPPING} times`,
      });
    }
    checkTime({ on, late, lateness }, input, check, "Windows");
    const output = check.nested(pipeline, input);
    if (early !== undefined) checkPreviews(pipeline, "early", check);
    else if (late === "update") checkPreviews(pipeline, "late=update", check);
    return addedFields(late === "emit" ? [output, input] : [output], ADDED);
  },
  memory: () => Infinity,
  create({ length, every = length, on, lateness, late, early, pipeline }, context) {
    return new Windowed({
      lengthMs: length,
      everyMs: every,
      latenessMs: lateness,
      late,
      earlyMs: early ?? null,
      timesOf: compileTimes(on ?? TIME_FIELD, context),
      leftOut: new LeftOut("window", late, context),
      budget: context.budget,
      clock: context.resources.clock,
      make: context.nestedFactory(pipeline, "1"),
      wake: () => context.wake(),
    });
  },
});

export default window;
