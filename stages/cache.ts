/**
 * `cache`: a pipeline asked once for each key.
 * @module
 */
import { z } from "zod";
import { compile } from "../src/expression/compile.ts";
import { argument } from "../src/language/arguments.ts";
import { printExpression } from "../src/language/print.ts";
import { printPlan } from "../src/language/pipeline_text.ts";
import { AnswerCache, type AnswerCacheOptions } from "../src/lookup/answer_cache.ts";
import { CachedPipeline } from "../src/lookup/cached_pipeline.ts";
import { warm } from "../src/lookup/warm.ts";
import type { Limits } from "../src/limits.ts";
import { defineStage, type StageContext, type StageDefinition } from "../src/stage.ts";
import type { Vocabulary } from "../src/vocabulary.ts";

const shape = {
  pipeline: argument.pipeline({
    description: "What is asked, in parentheses: stages that give one row for one",
  }),
  by: argument.expression({
    description: "Rows with the same value get the same answer",
    keyword: "by",
  }),
  size: argument.count({
    description: "Keys that are kept; 10000 unless given",
    option: true,
    minimum: 1,
    maximum: 10_000_000,
  }).optional(),
  ttl: argument.duration({
    description: "How long an answer is good; 10m unless given",
    option: true,
    minimum: 1,
  }).optional(),
  name: argument.text({
    description: "Shares the cache with all runs that name it",
    option: true,
  }).optional(),
  warm: argument.text({
    description: "A table of the folder TABLES that fills a named cache before its first use",
    option: true,
  }).optional(),
};

type Arguments = z.output<z.ZodObject<typeof shape>>;

const STANDARD_SIZE = 10_000;
const STANDARD_TTL_MS = 600_000;
/** Kept answers get at most this share of a run's memory; a named cache has as much, for all runs together. */
const CACHE_SHARE = 4;
const NAME_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;
/** Told of the stage as a whole. */
const STAGE = { start: 0, end: 0 };

/** The stage `cache`. */
const cache: StageDefinition<typeof shape> = defineStage({
  name: "cache",
  kind: "ordered",
  reachesOut: true,
  rows: "passed",
  stateless: () => true,
  rowForRow: true,
  summary:
    "Asks a nested pipeline once for each key, and gives later rows of the key the same fields",
  description:
    "The first row of each key goes through the pipeline in parentheses; the fields that it adds or changes are kept by the key " +
    "and given to all rows of it. Fields that the pipeline leaves out stay. While a key is under way, further rows of it wait for " +
    "the one answer (in each run). The pipeline must give one row for one: `let`, `lookup`, not `where`. A cache with a " +
    "`name` is shared by the runs of the server until `DELETE /v1/caches/NAME`, or `/NAME/KEY` for one key; its first user's `size` " +
    "and `ttl` hold, and `warm=TABLE` fills it before, the table having a column named like the `by` expression. The report has " +
    "`hits`, `misses`, `joined` and `evictions`. Holds the batches that wait, and `size` answers, at most a quarter of MAX_STATE; " +
    "a run's own cache counts for its memory.",
  arguments: z.object(shape),
  examples: [
    {
      title: "An expensive expression, once for each agent",
      pipeline: 'json | cache (let bot = lower(agent) contains "bot") by agent',
      input: '{"path":"/a","agent":"GoogleBot"}\n{"path":"/b","agent":"curl"}\n' +
        '{"path":"/c","agent":"GoogleBot"}\n',
      output: '{"path":"/a","agent":"GoogleBot","bot":true}\n' +
        '{"path":"/b","agent":"curl","bot":false}\n{"path":"/c","agent":"GoogleBot","bot":true}',
    },
    {
      title: "A lookup with what is made of it, kept for an hour",
      pipeline:
        'json | cache (lookup http "https://geo.example/{ip}" as geo | let country = geo.country | drop geo) by ip ttl=1h',
      input: '{"ip":"192.0.2.1"}\n{"ip":"192.0.2.1"}\n',
      output: '{"ip":"192.0.2.1","country":"NZ"}\n{"ip":"192.0.2.1","country":"NZ"}',
    },
    {
      title: "A pipeline that may lose rows",
      pipeline: "json | cache (where n > 1) by n",
      input: "",
      error: "`where` may give no row or several for one at line 1, column 15\n" +
        "  json | cache (where n > 1) by n\n" +
        "                ^^^^^\n" +
        "`cache` takes stages that give one row for one, such as `let` and `lookup`",
    },
  ],
  schema({ pipeline, by, name, warm }, input, check) {
    check.expression(by, input);
    for (const { stage, arguments: own, at } of pipeline.stages) {
      const rule = check.vocabulary.stages.get(stage)?.rowForRow;
      if (rule === true || (rule !== undefined && rule(own))) continue;
      check.issue({
        message: `\`${stage}\` may give no row or several for one`,
        at: { start: at.start, end: at.start + stage.length },
        hint: "`cache` takes stages that give one row for one, such as `let` and `lookup`",
      });
    }
    if (name !== undefined && !NAME_PATTERN.test(name)) {
      const message = `Expected a name of letters, digits, - and _, found ${JSON.stringify(name)}`;
      check.issue({ message, at: STAGE });
    }
    if (warm !== undefined && name === undefined) {
      check.issue({
        message: "Only a cache with a name can be warmed",
        at: STAGE,
        hint: "Write `name=NAME`: it is filled once, for all runs",
      });
    }
    const { fields, open } = check.nested(pipeline, input);
    return { fields: new Map([...input.fields, ...fields]), open: input.open || open };
  },
  async refusal(args, { resources, vocabulary }) {
    if (args.name === undefined) return null;
    const message = resources.caches.refusal(args.name, purposeOf(args, vocabulary));
    if (message !== null) return { message };
    if (args.warm === undefined) return null;
    return await resources.tables.open(args.warm).then(
      () => null,
      (fault: unknown) => ({ message: fault instanceof Error ? fault.message : String(fault) }),
    );
  },
  memory: (_args, limits) => limits.edgeBytes + limits.maxStateBytes / CACHE_SHARE,
  create(args, context) {
    const { by } = args;
    return new CachedPipeline({
      by: compile(by, context.schema, context.vocabulary.functions),
      nested: (ring) => context.nested(args.pipeline, "1", { ring }),
      ...openCache(args, context),
    }, context);
  },
});

export default cache;

/** What a shared cache's answers are answers to. */
function purposeOf({ pipeline, by }: Arguments, vocabulary: Vocabulary): string {
  return `(${printPlan(pipeline, vocabulary)}) by ${printExpression(by, new Set())}`;
}

function optionsOf({ size, ttl }: Arguments, limits: Limits): AnswerCacheOptions {
  return {
    size: size ?? STANDARD_SIZE,
    ttlMs: ttl ?? STANDARD_TTL_MS,
    maxBytes: Math.max(1, Math.floor(limits.maxStateBytes / CACHE_SHARE)),
  };
}

function openCache(args: Arguments, { limits, resources, vocabulary }: StageContext) {
  const options = optionsOf(args, limits);
  if (args.name === undefined) {
    return { cache: new AnswerCache(options, resources.clock), warmed: null, own: true };
  }
  const fill = async (shared: AnswerCache) => {
    if (args.warm === undefined) return;
    warm(shared, await resources.tables.open(args.warm), printExpression(args.by, new Set()));
  };
  const purpose = purposeOf(args, vocabulary);
  return { ...resources.caches.open(args.name, purpose, options, fill), own: false };
}
