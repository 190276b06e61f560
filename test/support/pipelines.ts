/**
 * Helpers for tests of the language: positions taken off, issues as text, random plans.
 * @module
 */
import assert from "node:assert/strict";
import { PipelineError } from "../../src/language/diagnostics.ts";
import { defaultAggregateName, defaultColumnName } from "../../src/language/print.ts";
import type {
  AggregateCall,
  Expression,
  FieldReference,
  Literal,
  NamedExpression,
  Plan,
  PlanStage,
  SortKey,
} from "../../src/language/syntax.ts";
import { BINARY_OPERATORS } from "../../src/language/syntax.ts";
import { parsePipeline } from "../../src/plan.ts";
import type { Vocabulary } from "../../src/vocabulary.ts";
import { between, pickOne } from "./random.ts";
import { TEST_VOCABULARY } from "./vocabulary.ts";

/** The value without any `at`. */
export function withoutPositions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPositions);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== "at");
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutPositions(inner)]));
}

/** The rendered issues of a pipeline that must not parse. */
export function issuesOf(
  source: string,
  parameters: Readonly<Record<string, string>> = {},
  vocabulary: Vocabulary = TEST_VOCABULARY,
): string {
  try {
    parsePipeline(source, vocabulary, new Map(Object.entries(parameters)));
  } catch (error) {
    if (error instanceof PipelineError) return error.message;
    throw error;
  }
  return assert.fail(`Expected issues, found none in ${source}`);
}

type Random = () => number;

const NAMES = [
  "a",
  "b",
  "path",
  "by",
  "if",
  "count",
  "keep",
  "ratio",
  "sliding",
  "odd name",
  "with`tick",
  "dot.ted",
  "ünï",
  "0x",
  "$branch",
  "@timestamp",
  "__proto__",
  "",
];
const NOWHERE = { start: 0, end: 0 };
const STRINGS = [
  "",
  "a",
  'quo"te',
  "it's",
  "back\\slash",
  "new\nline",
  "tab\t",
  "ünï 😀",
  "|",
  "\ud800",
];
const NUMBERS = [0, 1, -1, 0.5, 1e21, 1e-7, -0, 123456789, -2.25];
const UNITS: readonly (readonly [string, number])[] = [
  ["10ms", 10],
  ["-1.5h", -5_400_000],
  ["2MiB", 2_097_152],
  ["7B", 7],
];

/** A random plan of the test vocabulary: sound in form, not in meaning. */
export function randomPlan(random: Random, depth = 2): Plan {
  const stages = Array.from({ length: between(random, 1, 4) }, () => randomStage(random, depth));
  return { stages };
}

/** A random expression at most `depth` levels high. */
export function randomExpression(random: Random, depth: number): Expression {
  const kind = depth <= 0 ? between(random, 0, 1) : between(random, 0, 6);
  const inner = () => randomExpression(random, depth - 1);
  switch (kind) {
    case 0:
      return randomLiteral(random);
    case 1:
      return randomField(random);
    case 2:
      return {
        kind: "unary",
        operator: pickOne(random, ["not", "-"]),
        operand: inner(),
        at: NOWHERE,
      };
    case 3:
      return {
        kind: "call",
        name: pickOne(random, ["lower", "if", "bin", "contains"]),
        arguments: Array.from({ length: between(random, 0, 3) }, inner),
        at: NOWHERE,
      };
    case 4:
      return {
        kind: "in",
        operand: inner(),
        options: Array.from({ length: between(random, 1, 3) }, inner),
        negated: random() < 0.5,
        at: NOWHERE,
      };
    default: {
      const operator = pickOne(random, BINARY_OPERATORS.flat());
      return { kind: "binary", operator, left: inner(), right: inner(), at: NOWHERE };
    }
  }
}

function randomLiteral(random: Random): Literal {
  const base = { kind: "literal", at: NOWHERE } as const;
  switch (between(random, 0, 3)) {
    case 0:
      return { ...base, value: pickOne(random, STRINGS) };
    case 1: {
      const [raw, value] = pickOne(random, UNITS);
      return { ...base, value, raw };
    }
    case 2:
      return { ...base, value: pickOne(random, [null, true, false]) };
    default:
      return { ...base, value: pickOne(random, NUMBERS) };
  }
}

function randomField(random: Random): FieldReference {
  const rest = Array.from(
    { length: between(random, 0, 2) },
    () => pickOne(random, [...NAMES, "0", "12"]),
  );
  return { kind: "field", path: [pickOne(random, NAMES), ...rest], at: NOWHERE };
}

function randomColumns(random: Random, named: boolean): NamedExpression[] {
  const made = Array.from({ length: between(random, 1, 3) }, (_, index): NamedExpression => {
    const expression = randomExpression(random, 2);
    const plain = !named && random() < 0.5;
    const name = plain ? defaultColumnName(expression) : `${pickOne(random, NAMES)}${index}`;
    return { name, expression, at: NOWHERE };
  });
  return distinct(made);
}

function randomAggregates(random: Random): AggregateCall[] {
  const made = Array.from({ length: between(random, 1, 3) }, (_, index): AggregateCall => {
    const call = {
      function: pickOne(random, ["count", "avg", "p99", "p99.9"]),
      arguments: Array.from({ length: between(random, 0, 2) }, () => randomExpression(random, 2)),
      condition: random() < 0.5 ? null : randomExpression(random, 2),
    };
    const name = random() < 0.5 ? defaultAggregateName(call) : `${pickOne(random, NAMES)} ${index}`;
    return { ...call, name, at: NOWHERE };
  });
  return distinct(made);
}

function distinct<Item extends { readonly name: string }>(items: readonly Item[]): Item[] {
  return [...new Map(items.map((item) => [item.name, item])).values()];
}

function randomStage(random: Random, depth: number): PlanStage {
  const stages: (() => Omit<PlanStage, "at">)[] = [
    () => ({ stage: "where", arguments: { condition: randomExpression(random, 4) } }),
    () => ({ stage: "let", arguments: { assignments: randomColumns(random, true) } }),
    () => ({
      stage: "stats",
      arguments: {
        aggregates: randomAggregates(random),
        ...(random() < 0.5 ? {} : { by: distinctFrom(random) }),
      },
    }),
    () => ({
      stage: "sort",
      arguments: {
        keys: Array.from({ length: between(random, 1, 3) }, (): SortKey => ({
          expression: randomExpression(random, 2),
          direction: pickOne(random, ["asc", "desc", null]),
          at: NOWHERE,
        })),
      },
    }),
    () => ({ stage: "head", arguments: { count: between(random, 1, 1000) } }),
    () => ({
      stage: "buffer",
      arguments: { bound: pickOne(random, [{ rows: 5 }, { bytes: 17 }, { bytes: 4096 }]) },
    }),
    () => ({ stage: "window", arguments: randomWindow(random) }),
  ];
  if (depth > 0) {
    stages.push(() => ({
      stage: "tee",
      arguments: {
        branches: [randomPlan(random, depth - 1), randomPlan(random, depth - 1)],
      },
    }));
  }
  return { ...pickOne(random, stages)(), at: NOWHERE };
}

/** Columns whose names no aggregate has. */
function distinctFrom(random: Random): NamedExpression[] {
  return randomColumns(random, true).map((column, index) => ({
    ...column,
    name: `group ${index}`,
  }));
}

function randomWindow(random: Random): Record<string, unknown> {
  const all: Record<string, unknown> = {
    mode: pickOne(random, ["sliding", "tumbling"]),
    keep: Array.from({ length: between(random, 1, 3) }, () => randomField(random)),
    memory: between(random, 0, 100_000),
    label: pickOne(random, STRINGS),
    unless: randomExpression(random, 3),
    extra: randomColumns(random, false),
  };
  const kept = Object.entries(all).filter(() => random() < 0.5);
  const length = pickOne(random, [1, 1.5, 1000, 90_000, 604_800_000]);
  return { length, ratio: pickOne(random, [0.5, -3, 1e-9]), ...Object.fromEntries(kept) };
}
