/**
 * `lookup`: fields from elsewhere.
 * @module
 */
import { z } from "zod";
import { ConstantColumn } from "../src/batch/column.ts";
import { RunError } from "../src/errors.ts";
import { compile } from "../src/expression/compile.ts";
import { printTemplate } from "../src/language/template.ts";
import { LOOKUP_ARGUMENTS, NOT_FOR } from "../src/lookup/arguments.ts";
import { withDefaults } from "../src/lookup/http_client.ts";
import { HttpLookup } from "../src/lookup/http_lookup.ts";
import { TableLookup } from "../src/lookup/table_lookup.ts";
import { checkUrl, compileUrl, originOf } from "../src/lookup/url_template.ts";
import type { Schema } from "../src/schema.ts";
import {
  type CheckContext,
  defineStage,
  type Refusal,
  type StageContext,
  type StageDefinition,
} from "../src/stage.ts";

type Arguments = z.output<z.ZodObject<typeof LOOKUP_ARGUMENTS>>;

const STANDARD = { concurrency: 16, timeout: 1000, retries: 2, backoff: 50 };
const STANDARD_CACHE = { size: 10_000, ttlMs: 600_000 };
/** Kept answers get at most this share of a run's memory. */
const CACHE_SHARE = 4;
/** Told of the stage as a whole. */
const STAGE = { start: 0, end: 0 };

/** The stage `lookup`. */
const lookup: StageDefinition<typeof LOOKUP_ARGUMENTS> = defineStage({
  name: "lookup",
  kind: "ordered",
  reachesOut: true,
  rows: "passed",
  stateless: () => true,
  rowForRow: ({ on_error }) => on_error !== "skip",
  summary:
    "Adds fields that a service, a table of the server or a table of the run has for each row",
  description: describe(),
  arguments: z.object(LOOKUP_ARGUMENTS),
  examples: [
    {
      title: "A service is asked once for each address",
      pipeline: 'json | lookup http "https://geo.example/{ip}" as geo | select path, geo.country',
      input: '{"path":"/a","ip":"192.0.2.1"}\n{"path":"/b","ip":"192.0.2.2"}\n' +
        '{"path":"/c","ip":"192.0.2.1"}\n{"path":"/d","ip":"203.0.113.9"}\n',
      output: '{"path":"/a","geo.country":"NZ"}\n{"path":"/b","geo.country":"PE"}\n' +
        '{"path":"/c","geo.country":"NZ"}\n{"path":"/d","geo.country":null}',
    },
    {
      title: "While the service is down",
      pipeline:
        'json | lookup http "https://down.example/{ip}" as geo retries=0 breaker=2/10s fallback="unknown"',
      input: '{"ip":"192.0.2.1"}\n{"ip":"192.0.2.2"}\n',
      output: '{"ip":"192.0.2.1","geo":"unknown"}\n{"ip":"192.0.2.2","geo":"unknown"}',
    },
    {
      title: "A table of the server, its columns as fields",
      pipeline: "json | lookup csv users on user key=id",
      input: '{"user":7,"path":"/a"}\n{"user":9,"path":"/b"}\n',
      output: '{"user":7,"path":"/a","name":"Ada","team":"red"}\n' +
        '{"user":9,"path":"/b","name":null,"team":null}',
    },
    {
      title: "A table that came with the run, as one object",
      pipeline: "json | lookup table on upper(code) as place",
      input: '{"code":"nz"}\n{"code":"xx"}\n',
      output: '{"code":"nz","place":{"name":"New Zealand"}}\n{"code":"xx","place":null}',
    },
    {
      title: "No row may choose the host",
      pipeline: 'json | lookup http "https://{host}/geo" as geo',
      input: "",
      error:
        "Expected an address with http or https and a host that no row can change at line 1, column 20\n" +
        '  json | lookup http "https://{host}/geo" as geo\n' +
        "                     ^^^^^^^^^^^^^^^^^^^^\n" +
        'Write it as "https://host/path/{field}"',
    },
  ],
  schema(args, input, check) {
    checkArguments(args, check);
    if (args.source === "http" && args.target !== undefined) checkUrl(args.target, input, check);
    for (const expression of [args.on, args.fallback]) {
      if (expression !== undefined) check.expression(expression, input);
    }
    return outputOf(args, input);
  },
  refusal: ({ source, target }, { resources }): Refusal | null | Promise<Refusal | null> => {
    if (source === "http") {
      const message = resources.http.refusal(`${originOf(target!)}/`);
      return message === null ? null : { message };
    }
    if (source === "csv") {
      return resources.tables.open(printTemplate(target!)).then(
        () => null,
        (fault: unknown) => ({ message: fault instanceof Error ? fault.message : String(fault) }),
      );
    }
    return resources.uploaded === null ? NO_UPLOAD : null;
  },
  memory: ({ source }, limits) =>
    source === "csv" ? 0 : limits.edgeBytes + limits.maxStateBytes / CACHE_SHARE,
  create: (args, context) =>
    args.source === "http" ? httpLookup(args, context) : tableLookup(args, context),
});

export default lookup;

const NO_UPLOAD: Refusal = {
  message: "No table came with the run",
  hint:
    "Send a form whose part `table` stands before its part `file`: curl -F table=@places.csv -F file=@log",
};

function checkArguments(args: Arguments, check: CheckContext): void {
  const { source } = args;
  const given: Readonly<Record<string, unknown>> = args;
  for (const name of NOT_FOR[source]) {
    if (given[name] === undefined) continue;
    check.issue({ message: `\`lookup ${source}\` has no \`${name}\``, at: STAGE });
  }
  if (source !== "table" && args.target === undefined) {
    const what = source === "http" ? 'an address, "https://host/{field}"' : "the name of a table";
    check.issue({ message: `Expected ${what} behind \`lookup ${source}\``, at: STAGE });
  }
  if (source === "http" && args.as === undefined) {
    check.issue({
      message: "Expected a name for the answer",
      at: STAGE,
      hint: "Write `as geo` behind the address",
    });
  }
  if (args.cache !== undefined && !Number.isSafeInteger(args.cache.amount)) {
    check.issue({ message: "A cache keeps a whole number of answers", at: STAGE });
  }
  if (args.breaker !== undefined && !Number.isSafeInteger(args.breaker.amount)) {
    check.issue({ message: "A breaker counts whole failures", at: STAGE });
  }
}

function outputOf({ as, on_error }: Arguments, input: Schema): Schema {
  if (as === undefined) return { fields: input.fields, open: true };
  const fields = new Map(input.fields).set(as, "any");
  if (on_error === "emit") fields.set("$error", "text");
  return { fields, open: input.open };
}

function httpLookup(args: Arguments, context: StageContext): HttpLookup {
  const { target, as = "lookup", fallback, cache, on_error = "fallback" } = args;
  if (target === undefined) throw new RunError("internal", "A lookup without an address");
  return new HttpLookup({
    ...withDefaults(args, STANDARD),
    name: as,
    urls: compileUrl(target, context),
    fallback: fallback === undefined
      ? () => new ConstantColumn(null)
      : compile(fallback, context.schema, context.vocabulary.functions),
    onError: on_error,
    cache: cache === undefined ? STANDARD_CACHE : { size: cache.amount, ttlMs: cache.everyMs },
    cacheBytes: Math.max(1, Math.floor(context.limits.maxStateBytes / CACHE_SHARE)),
  }, context);
}

function tableLookup(args: Arguments, context: StageContext): TableLookup {
  const { source, target, on, key, as = null } = args;
  const { tables, uploaded } = context.resources;
  const name = target === undefined ? "table" : printTemplate(target);
  const field = on?.kind === "field" ? on.path.join(".") : null;
  return new TableLookup({
    name,
    open: () => {
      if (source === "csv") return tables.open(name);
      if (uploaded === null) throw new RunError("table_unfit", NO_UPLOAD.message);
      return uploaded.table();
    },
    on: on === undefined ? null : compile(on, context.schema, context.vocabulary.functions),
    // Of a table that came with the run the first column is known to be its key.
    counts: source === "table",
    column: key ?? (source === "csv" ? field : null),
    as,
  }, context);
}

function describe(): string {
  return "`lookup http`: the address with a row's values in it (as text, percent-encoded; never the host) is asked by GET, and " +
    "the JSON of its answer becomes the field behind `as`. Rows keep their order while up to `concurrency` requests are under " +
    "way, over several batches; addresses that are asked for already are asked once, and answers are kept by `cache`. 404 is an " +
    "answer, null. No answer in time, 429, and 500 and above are tried again `retries` times, with pauses that grow from " +
    "`backoff` with jitter; then the row gets its `fallback`, as it does at once while the `breaker` is open. The breaker lets " +
    "one request through when its time is over, and closes when that is answered. A row with null in its address is not asked " +
    "for. Only hosts of the setting LOOKUP_HOSTS are asked, redirects (3 at most) included, and no private address unless it " +
    "is listed. The report has `asked`, `hits`, `misses`, `joined`, `retries`, `failures`, `timeouts`, `fallbacks`, `breaker` and " +
    "`opened`. Holds the batches that wait, at most 512 KiB and one batch, and the kept answers, of at most 1 MiB each " +
    "and a quarter of MAX_STATE together.\n\n" +
    "`lookup csv NAME on FIELD`: joins rows with the first row of `NAME.csv`, `.tsv` or `.ndjson` in the folder TABLES that has " +
    "the same text in the column of that name, or in `key`. `lookup table`: the same with a file that came as the part `table` of the " +
    "form, its first column being the key. Without `as` the table's other columns become fields, null where no row fits. A " +
    "table is held whole, once a server; one that came with the run counts for its memory.";
}
