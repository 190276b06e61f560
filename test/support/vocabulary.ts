/**
 * A small vocabulary with every kind of argument, for tests of the language. Its stages check, but do nothing.
 * @module
 */
import { z } from "zod";
import type { AggregateDefinition } from "../../src/aggregate/aggregate.ts";
import type { FunctionDefinition } from "../../src/expression/function.ts";
import { argument } from "../../src/language/arguments.ts";
import { checkAggregates } from "../../src/language/check_aggregates.ts";
import { type FieldType, OPEN_SCHEMA, schemaOf } from "../../src/schema.ts";
import { type AnyStage, defineStage, NOTHING, type StageDefinition } from "../../src/stage.ts";
import type { Vocabulary } from "../../src/vocabulary.ts";

const idle = {
  summary: "For tests",
  description: "For tests",
  examples: [],
  create: () => ({ push: () => NOTHING }),
};

/** A format of known fields. */
export const combined = defineStage({
  ...idle,
  name: "combined",
  kind: "format",
  arguments: z.object({}),
  schema: () =>
    schemaOf({ path: "text", status: "number", bytes: "number", latency: "number", time: "time" }),
});

/** A format of which only the data tells the fields. */
export const json = defineStage({
  ...idle,
  name: "json",
  kind: "format",
  arguments: z.object({}),
  schema: () => OPEN_SCHEMA,
});

/** Takes an expression. */
export const where = defineStage({
  ...idle,
  name: "where",
  kind: "row-local",
  arguments: z.object({ condition: argument.expression({ description: "Condition" }) }),
  schema(args, input, check) {
    check.expression(args.condition, input);
    return input;
  },
});

/** Takes assignments. */
export const let_ = defineStage({
  ...idle,
  name: "let",
  kind: "row-local",
  arguments: z.object({ assignments: argument.assignments({ description: "New fields" }) }),
  schema(args, input, check) {
    const fields = new Map(input.fields);
    for (const { name, expression } of args.assignments) {
      fields.set(name, check.expression(expression, { fields, open: input.open }));
    }
    return { fields, open: input.open };
  },
});

/** Takes aggregates, and columns behind a keyword. */
export const stats = defineStage({
  ...idle,
  name: "stats",
  kind: "aggregate",
  arguments: z.object({
    aggregates: argument.aggregates({ description: "What to compute" }),
    by: argument.columns({ description: "What to group by", keyword: "by" }).optional(),
  }),
  schema(args, input, check) {
    const fields = new Map<string, FieldType>();
    for (const { name, expression } of args.by ?? []) {
      fields.set(name, check.expression(expression, input));
    }
    const types = checkAggregates(args.aggregates, input, check);
    args.aggregates.forEach(({ name }, index) => fields.set(name, types[index]!));
    return { fields, open: false };
  },
  memory: () => Infinity,
});

/** Takes sort keys. */
export const sort = defineStage({
  ...idle,
  name: "sort",
  kind: "ordered",
  arguments: z.object({ keys: argument.sortKeys({ description: "Keys" }) }),
  schema(args, input, check) {
    for (const { expression } of args.keys) check.expression(expression, input);
    return input;
  },
  memory: () => 1000,
});

/** Takes a count with a default. */
export const head = defineStage({
  ...idle,
  name: "head",
  kind: "ordered",
  arguments: z.object({
    count: argument.count({ description: "Rows", minimum: 1, maximum: 1_000_000 }).default(10),
  }),
});

/** Takes a bound. */
export const buffer = defineStage({
  ...idle,
  name: "buffer",
  kind: "row-local",
  arguments: z.object({ bound: argument.bound({ description: "Bound" }) }),
  queue: ({ bound }) => bound,
});

/** Takes nested pipelines. */
export const tee = defineStage({
  ...idle,
  name: "tee",
  kind: "ordered",
  arguments: z.object({
    branches: argument.pipelines({ description: "Branches", minimum: 2 }),
  }),
  schema(args, input, check) {
    for (const branch of args.branches) check.nested(branch, input);
    return OPEN_SCHEMA;
  },
});

/** Takes fields, and every scalar kind, as options and by position. */
export const window = defineStage({
  ...idle,
  name: "window",
  kind: "ordered",
  arguments: z.object({
    mode: argument.choice(["sliding", "tumbling"], { description: "Mode" }).optional(),
    length: argument.duration({ description: "Length", minimum: 1 }),
    keep: argument.fields({ description: "Fields", keyword: "keep" }).optional(),
    memory: argument.size({ description: "Memory", option: true }).optional(),
    ratio: argument.number({ description: "Ratio", option: true }).default(0.5),
    label: argument.text({ description: "Label", option: true }).optional(),
    unless: argument.expression({ description: "Rows to skip", option: true }).optional(),
    extra: argument.columns({ description: "More columns", option: true }).optional(),
  }),
});

const functions: readonly FunctionDefinition[] = [
  unary("lower", "text"),
  unary("length", "number"),
  { ...unary("contains", "boolean"), arity: [2, 2], signature: "contains(text, part)" },
  {
    name: "bin",
    signature: "bin(value, width)",
    summary: "For tests",
    arity: [2, 2],
    result: ([type]) => type ?? "any",
    apply: () => null,
    example: ["bin(1, 2)", "null"],
  },
  {
    name: "if",
    signature: "if(condition, then, else)",
    summary: "For tests",
    arity: [3, 3],
    result: () => "any",
    apply: () => null,
    example: ["if(true, 1, 2)", "null"],
  },
];

const aggregates: readonly AggregateDefinition[] = [
  aggregate("count", "count(x?)", [0, 1]),
  aggregate("sum", "sum(number)", [1, 1]),
  aggregate("avg", "avg(number)", [1, 1]),
  {
    ...aggregate("quantile", "quantile(number, share)", [2, 2]),
    literals: 1,
    checkLiterals: ([share]) =>
      typeof share === "number" && share >= 0 && share <= 1
        ? null
        : `The share of quantile is a number from 0 to 1, found ${JSON.stringify(share)}`,
  },
  { ...aggregate("values", "values(x, limit?)", [1, 2]), literals: 1 },
];

/** A vocabulary of some stages and the functions and aggregates of these tests. */
export function vocabularyWith(stages: readonly AnyStage[]): Vocabulary {
  return {
    stages: new Map(stages.map((stage) => [stage.name, stage])),
    functions: new Map(functions.map((definition) => [definition.name, definition])),
    aggregate: (name) =>
      aggregates.find((definition) => definition.name === name) ??
        (/^p\d+(\.\d+)?$/.test(name) ? aggregate(name, `${name}(number)`, [1, 1]) : null),
    aggregateNames: [...aggregates.map(({ name }) => name), "p50", "p99"],
  };
}

/** All of it. */
export const TEST_VOCABULARY: Vocabulary = vocabularyWith([
  combined,
  json,
  where,
  let_,
  stats,
  sort,
  head,
  buffer,
  tee,
  window,
]);

function aggregate(
  name: string,
  signature: string,
  arity: readonly [number, number],
): AggregateDefinition {
  const create = () => {
    throw new Error("Only for checking");
  };
  return {
    name,
    signature,
    summary: "For tests",
    arity,
    literals: 0,
    result: () => "number",
    create,
  };
}

function unary(name: string, type: FieldType): FunctionDefinition {
  return {
    name,
    signature: `${name}(value)`,
    summary: "For tests",
    arity: [1, 1],
    result: () => type,
    apply: () => null,
    example: [`${name}(null)`, "null"],
  };
}

/** A stage made for one test. */
export function stageOf<Shape extends z.ZodRawShape>(
  name: string,
  shape: Shape,
): StageDefinition<Shape> {
  return defineStage({ ...idle, name, kind: "row-local", arguments: z.object(shape) });
}
