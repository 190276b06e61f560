/**
 * `throttle`: a rate that rows keep to, by waiting.
 * @module
 */
import { compile } from "../src/expression/compile.ts";
import { AdaptivePace } from "../src/lanes/adaptive_pace.ts";
import { KeyedThrottle } from "../src/lanes/keyed_throttle.ts";
import { Throttled } from "../src/lanes/throttled.ts";
import { argument } from "../src/language/arguments.ts";
import type { Rate } from "../src/language/syntax.ts";
import { defineStage, type StageDefinition } from "../src/stage.ts";
import { z } from "zod";

const shape = {
  rate: argument.rate({ description: "How fast rows may pass: `500/s`, `4MiB/s`, `5/10s`" }),
  adaptive: argument.choice(["adaptive"], {
    description: "Lowers and raises the rate by the times and rejects of the stage below",
  }).optional(),
  by: argument.columns({
    description: "Fields or expressions: each key has the rate for itself",
    keyword: "by",
  }).optional(),
  burst: argument.bound({
    description: "How much may pass at once after a pause; by default a tenth of a second's rate",
    option: true,
  }).optional(),
  min: argument.rate({
    description: "The lowest adaptive rate; by default a hundredth of the rate",
    option: true,
  }).optional(),
  max: argument.rate({
    description: "The highest adaptive rate; by default ten times the rate",
    option: true,
  }).optional(),
};

/** The stage `throttle`. Nothing is dropped: what has no token waits, and with it the upload. */
const throttle: StageDefinition<typeof shape> = defineStage({
  name: "throttle",
  kind: "ordered",
  waits: true,
  rows: "passed",
  summary: "Lets rows pass at a rate, by waiting",
  description:
    "A token bucket: in any stretch of time at most its share of the rate passes, and one `burst`. Rows go on one by " +
    "one, in order, as their tokens come; the rest wait, and so do the stages above, up to the client's socket. " +
    "Nothing is dropped. A rate in bytes counts what rows hold in memory, each its share of its batch; a row larger " +
    "than the burst passes when the bucket is full, and the next ones wait for it.\n\n" +
    "`by` gives each key a bucket of its own: rows whose key has none left wait, in order, while others pass. When " +
    "10,000 rows wait, all do. A full bucket is forgotten for another key; when 10,000 keys have one that is not, " +
    "further keys share one.\n\n" +
    "`adaptive` looks at the stage below every 100 ms: rejects, or batches three times as slow as its quickest, halve " +
    "the rate; else it grows by a twentieth of what it began with, between `min` and `max`. The report shows the rate, " +
    "and changes by a quarter are events. At the end of a nested pipeline there is no stage below to look at.",
  arguments: z.object(shape),
  examples: [
    {
      title: "At most a thousand rows a second",
      pipeline: "json | throttle 1000/s | where n > 1",
      input: '{"n":1}\n{"n":2}\n{"n":3}\n',
      output: '{"n":2}\n{"n":3}',
    },
    {
      title: "Each user has a rate of its own",
      pipeline: "json | throttle 1000/s by user burst=100 | stats count by user",
      input: '{"user":"kim"}\n{"user":"lee"}\n{"user":"kim"}\n',
      output: '{"user":"kim","count":2}\n{"user":"lee","count":1}',
    },
    {
      title: "As fast as the stage below bears",
      pipeline: "json | throttle 1000/s adaptive min=100/s max=50000/s | stats count",
      input: '{"n":1}\n{"n":2}\n',
      output: '{"count":2}',
    },
    {
      title: "Rows or bytes, not both",
      pipeline: "json | throttle 500/s burst=4MiB",
      input: "",
      error: "The rate counts rows and `burst` counts bytes at line 1, column 8\n" +
        "  json | throttle 500/s burst=4MiB\n" +
        "         ^^^^^^^^\n" +
        "Give both in rows, or both in bytes",
    },
  ],
  schema({ rate, by, burst, min, max, adaptive }, input, check) {
    const at = { start: 0, end: 0 };
    for (const { expression } of by ?? []) check.expression(expression, input);
    for (const [name, unit] of unitsOf({ burst, min, max })) {
      if (unit === rate.unit) continue;
      const message = `The rate counts ${rate.unit} and \`${name}\` counts ${unit}`;
      check.issue({ message, at, hint: "Give both in rows, or both in bytes" });
    }
    if (adaptive === undefined && (min !== undefined || max !== undefined)) {
      const hint = "Write `throttle RATE adaptive min=RATE max=RATE`";
      check.issue({ message: "`min` and `max` are for an adaptive rate", at, hint });
    }
    const least = perMs(min ?? rate);
    if (least > perMs(rate) || perMs(max ?? rate) < perMs(rate)) {
      const hint = "Give a `min` below it and a `max` above it";
      check.issue({ message: "The rate is not between `min` and `max`", at, hint });
    }
    return input;
  },
  light: () => true,
  keeps: ({ by }) => by === undefined ? "nothing" : undefined,
  memory: ({ by }, limits) => by === undefined ? limits.edgeBytes : Infinity,
  create({ rate, adaptive, by, burst, min, max }, context) {
    const start = perMs(rate);
    const most = burst === undefined ? Math.max(1, start * 100) : amountOf(burst);
    const bounds = {
      least: min === undefined ? start / 100 : perMs(min),
      most: max === undefined ? start * 10 : perMs(max),
    };
    const adapting = adaptive === undefined
      ? null
      : new AdaptivePace({ start, burst: most, ...bounds }, context);
    const pace = adapting ?? { perMs: start, burst: most };
    const options = { pace, unit: rate.unit, adaptive: adapting };
    if (by === undefined) return new Throttled(options, context);
    const { schema, vocabulary } = context;
    const keys = by.map(({ expression }) => compile(expression, schema, vocabulary.functions));
    return new KeyedThrottle(options, keys, context);
  },
});

export default throttle;

function perMs({ amount, everyMs }: Rate): number {
  return amount / everyMs;
}

function amountOf(bound: { readonly rows: number } | { readonly bytes: number }): number {
  return "rows" in bound ? bound.rows : bound.bytes;
}

function unitsOf(
  { burst, min, max }: {
    burst?: { readonly rows: number } | { readonly bytes: number } | undefined;
    min?: Rate | undefined;
    max?: Rate | undefined;
  },
): [string, "rows" | "bytes"][] {
  const units: [string, "rows" | "bytes"][] = [];
  if (burst !== undefined) units.push(["burst", "rows" in burst ? "rows" : "bytes"]);
  if (min !== undefined) units.push(["min", min.unit]);
  if (max !== undefined) units.push(["max", max.unit]);
  return units;
}
