/**
 * The arguments of `lookup`, and which of them belong to which source.
 * @module
 */
import { argument } from "../language/arguments.ts";

/** Where rows may be looked up. */
const SOURCES = ["http", "csv", "table"] as const;

const option = true;

/** What is looked up, where, and what it is called. */
const COMMON = {
  source: argument.choice(SOURCES, {
    description:
      "`http`: a service is asked for each row; `csv`: a file of the folder TABLES; `table`: a file that came with the run",
  }),
  target: argument.template({
    description: "The address, with fields or expressions in braces; the name of the table",
  }).optional(),
  on: argument.expression({
    description:
      "What rows of a table are found by; the field with the name of its column unless given",
    keyword: "on",
  }).optional(),
  as: argument.text({ description: "The field that holds what was found", keyword: "as" })
    .optional(),
  key: argument.text({
    description: "The table's column; the field that stands behind `on`, or its first column",
    option,
  }).optional(),
};

/** Those of `lookup http` alone. */
const OF_HTTP = {
  concurrency: argument.count({
    description: "Requests under way at once; 16 unless given",
    option,
    minimum: 1,
    maximum: 256,
  }).optional(),
  timeout: argument.duration({
    description: "Longest time of one try; 1s unless given",
    option,
    minimum: 1,
  }).optional(),
  retries: argument.count({
    description: "Tries after the first; 2 unless given",
    option,
    maximum: 20,
  }).optional(),
  backoff: argument.duration({
    description:
      "First pause before another try, each about twice the one before; 50ms unless given",
    option,
    minimum: 1,
  }).optional(),
  rate: argument.rate({ description: "Most requests a time, such as `200/s`", option }).optional(),
  burst: argument.count({
    description: "Requests that may go at once after a pause",
    option,
    minimum: 1,
  }).optional(),
  breaker: argument.rate({
    description: "After so many failures in a row nobody is asked for so long: `5/10s`",
    option,
  }).optional(),
  fallback: argument.expression({
    description: "The value where there is no answer; null unless given",
    option,
  }).optional(),
  cache: argument.rate({
    description: "How many answers are kept, and for how long; `10000/10m` unless given",
    option,
  }).optional(),
  on_error: argument.choice(["fallback", "skip", "fail", "emit"], {
    description:
      "A row without an answer: gets the fallback (the default), is left out, fails the run, or gets the " +
      "fallback and the reason as `$error`",
    option,
  }).optional(),
};

/** The arguments, in the order of the text. */
export const LOOKUP_ARGUMENTS = { ...COMMON, ...OF_HTTP };

/** The arguments that a source does not know. */
export const NOT_FOR: Readonly<Record<(typeof SOURCES)[number], readonly string[]>> = {
  http: ["on", "key"],
  csv: Object.keys(OF_HTTP),
  table: ["target", ...Object.keys(OF_HTTP)],
};
