/**
 * Which fields the stages of a plan ask of the rows they get, so that a format makes no others.
 * @module
 */
import type { AnyStage } from "../stage.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { showsRows } from "./common_options.ts";
import { plansIn } from "./nested_kinds.ts";
import { printField } from "./print.ts";
import { propertiesOf } from "./properties.ts";
import type { Expression, FieldReference, Plan, PlanStage } from "./syntax.ts";
import { expressionsIn } from "./template.ts";
import { type ArgumentKind, type ArgumentValues } from "./value.ts";

/** The paths of the fields that are asked for, by their text; or `all`, where whole rows are shown or handed on. */
export type Demand = ReadonlyMap<string, readonly string[]> | "all";

const NO_FIELDS: Demand = new Map();

/**
 * What the stages below ask of each stage's output, the last stage's being asked for `result`. Never less than what
 * they read; a field that a stage on the way makes itself is still among it.
 */
export function demandsOf(plan: Plan, vocabulary: Vocabulary, result: Demand = "all"): Demand[] {
  const demands: Demand[] = [];
  let below = result;
  for (const stage of plan.stages.toReversed()) {
    demands.unshift(below);
    below = asked(stage, vocabulary, below);
  }
  return demands;
}

/** What a stage asks of its input when `below` is asked of its output. */
function asked(stage: PlanStage, vocabulary: Vocabulary, below: Demand): Demand {
  const definition = vocabulary.stages.get(stage.stage);
  if (definition?.rows === undefined || showsRows(stage, definition)) return "all";
  const reads = definition.reads?.(stage.arguments) ?? [];
  return unionOf([
    reads === "all" ? reads : fieldsIn(reads),
    ...(definition.rows === "passed" ? [below] : []),
    ...named(stage, definition, vocabulary, below),
  ]);
}

/** What the arguments of a stage ask for. The rows of nested pipelines are the stage's own output. */
function named(
  stage: PlanStage,
  definition: AnyStage,
  vocabulary: Vocabulary,
  below: Demand,
): Demand[] {
  return propertiesOf(definition).flatMap(({ name, syntax: { kind } }): Demand[] => {
    const value = stage.arguments[name];
    if (value === undefined) return [];
    return [
      fieldsOf(kind, value),
      ...plansIn(kind, value).map((nested) => {
        const first = nested.stages[0];
        if (first === undefined) return below;
        return asked(first, vocabulary, demandsOf(nested, vocabulary, below)[0]!);
      }),
    ];
  });
}

/** The fields that an argument of this kind names. */
function fieldsOf(kind: ArgumentKind, value: unknown): Demand {
  const read = <Kind extends ArgumentKind>(_kind: Kind) => value as ArgumentValues[Kind];
  switch (kind) {
    case "expression":
      return fieldsIn([read(kind)]);
    case "fields":
      return fieldsIn(read(kind));
    case "template":
      return fieldsIn(expressionsIn(read(kind)));
    case "columns":
    case "assignments":
    case "sortKeys":
      return fieldsIn(read(kind).map(({ expression }) => expression));
    case "cases":
      return fieldsIn(read(kind).flatMap(({ values }) => values));
    case "aggregates":
      return fieldsIn(
        read(kind).flatMap((call) =>
          call.condition === null ? call.arguments : [...call.arguments, call.condition]
        ),
      );
    default:
      return NO_FIELDS;
  }
}

function fieldsIn(expressions: readonly Expression[]): Demand {
  const found = new Map<string, readonly string[]>();
  const pending = expressions.toReversed();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.kind === "field") found.set(printField(next), next.path);
    else pending.push(...operandsOf(next).toReversed());
  }
  return found;
}

function operandsOf(expression: Exclude<Expression, FieldReference>): readonly Expression[] {
  switch (expression.kind) {
    case "literal":
      return [];
    case "unary":
      return [expression.operand];
    case "binary":
      return [expression.left, expression.right];
    case "in":
      return [expression.operand, ...expression.options];
    case "call":
      return expression.arguments;
  }
}

function unionOf(demands: readonly Demand[]): Demand {
  const all = new Map<string, readonly string[]>();
  for (const demand of demands) {
    if (demand === "all") return "all";
    for (const [text, path] of demand) all.set(text, path);
  }
  return all;
}
