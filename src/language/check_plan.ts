/**
 * What a plan means before any row exists: which stage may stand where, and the rows on every edge.
 * @module
 */
import { checkCondition, checkExpression } from "../expression/check.ts";
import { OPEN_SCHEMA, type Schema, schemaOf } from "../schema.ts";
import type { AnyStage, CheckContext } from "../stage.ts";
import { mayReject, onErrorOf } from "./common_options.ts";
import type { Issue } from "./diagnostics.ts";
import { plansIn } from "./nested_kinds.ts";
import type { ReadScope } from "./pipeline_text.ts";
import { propertiesOf } from "./properties.ts";
import type { Plan, PlanStage, Span } from "./syntax.ts";
import type { ArgumentValues } from "./value.ts";

/** The rows on the edges of a plan. */
export interface PlanSchemas {
  /** `schemas[i]` goes into stage `i`; the last is the result's. */
  readonly schemas: readonly Schema[];
  /** The same for every pipeline that is nested in an argument, by its plan. */
  readonly nested: ReadonlyMap<Plan, readonly Schema[]>;
}

/** Checks a plan, reporting every fault to the scope. After a stage that could not be read, nothing is known of rows. */
export function checkPlan(plan: Plan, scope: ReadScope): PlanSchemas {
  const nested = new Map<Plan, readonly Schema[]>();
  checkFormats(plan, scope);
  const first = scope.vocabulary.stages.get(plan.stages[0]?.stage ?? "");
  const input = first?.kind === "format" ? schemaOf({}) : OPEN_SCHEMA;
  return { schemas: checkStages(plan, input, scope, nested), nested };
}

function checkStages(
  plan: Plan,
  input: Schema,
  scope: ReadScope,
  nested: Map<Plan, readonly Schema[]>,
): readonly Schema[] {
  const schemas = [input];
  let current = input;
  for (const stage of plan.stages) {
    const definition = scope.vocabulary.stages.get(stage.stage);
    const known = definition !== undefined && !scope.faulty.has(stage);
    current = known ? outputOf(stage, definition, current, scope, nested) : OPEN_SCHEMA;
    schemas.push(current);
  }
  return schemas;
}

function outputOf(
  stage: PlanStage,
  definition: AnyStage,
  input: Schema,
  scope: ReadScope,
  nested: Map<Plan, readonly Schema[]>,
): Schema {
  const told = new Set<number>();
  const report = (issue: Issue) => {
    told.add(issue.at.start);
    scope.report(issue.at.end === 0 ? { ...issue, at: nameSpan(stage) } : issue);
  };
  const check: CheckContext = {
    vocabulary: scope.vocabulary,
    issue: report,
    expression: (expression, schema) =>
      checkExpression(expression, schema, scope.vocabulary.functions, report),
    condition: (condition, schema) =>
      checkCondition(condition, schema, scope.vocabulary.functions, report),
    nested(plan, schema) {
      const before = nested.get(plan);
      if (before !== undefined) return before.at(-1) ?? schema;
      checkNestedFormats(plan, scope);
      const schemas = checkStages(plan, schema, scope, nested);
      nested.set(plan, schemas);
      return schemas.at(-1) ?? schema;
    },
  };
  checkOnError(stage, definition, report);
  const output = definition.schema?.(stage.arguments, input, check);
  for (const plan of nestedPlans(stage, definition)) check.nested(plan, input);
  for (const { name, at, assigned } of clashes(stage, definition)) {
    const hint = `Give one of them another name${assigned ? "" : " with `as`"}`;
    if (!told.has(at.start)) report({ message: `Two columns named \`${name}\``, at, hint });
  }
  return output ?? (definition.kind === "format" ? OPEN_SCHEMA : input);
}

/** A stage that keeps state has taken part of a row when it fails on it, so it cannot go on without. */
function checkOnError(
  stage: PlanStage,
  definition: AnyStage,
  report: (issue: Issue) => void,
): void {
  const policy = onErrorOf(stage);
  if (policy === undefined || policy === "fail" || mayReject(definition)) return;
  report({
    message: `\`${stage.stage}\` cannot go on without a row, so it takes no \`on_error=${policy}\``,
    at: nameSpan(stage),
    hint: "Formats take it, and stages that look at each row by itself, such as where and let",
  });
}

/** The pipelines in a stage's arguments. */
export function nestedPlans(stage: PlanStage, definition: AnyStage): readonly Plan[] {
  return propertiesOf(definition).flatMap(({ name, syntax }) =>
    plansIn(syntax.kind, stage.arguments[name])
  );
}

/** The results that bear a name again, among the columns, aggregates and assignments of a stage. */
function clashes(
  stage: PlanStage,
  definition: AnyStage,
): { name: string; at: Span; assigned: boolean }[] {
  const seen = new Set<string>();
  const found: { name: string; at: Span; assigned: boolean }[] = [];
  for (const property of propertiesOf(definition)) {
    const { kind } = property.syntax;
    if (kind !== "columns" && kind !== "aggregates" && kind !== "assignments") continue;
    const items = stage.arguments[property.name] as ArgumentValues[typeof kind] | undefined;
    for (const { name, at } of items ?? []) {
      if (seen.has(name)) found.push({ name, at, assigned: kind === "assignments" });
      seen.add(name);
    }
  }
  return found;
}

function checkFormats(plan: Plan, scope: ReadScope): void {
  const [first, ...rest] = plan.stages;
  const formats = [...scope.vocabulary.stages.values()].filter(({ kind }) => kind === "format");
  const hint = `Start with one of ${formats.map(({ name }) => name).join(", ")}`;
  const missing = "A pipeline starts with a format, found";
  if (first === undefined) {
    scope.report({ message: `${missing} nothing`, at: { start: 0, end: 0 }, hint });
    return;
  }
  const kind = scope.vocabulary.stages.get(first.stage)?.kind;
  if (kind !== undefined && kind !== "format") {
    scope.report({ message: `${missing} \`${first.stage}\``, at: nameSpan(first), hint });
  }
  for (const stage of rest) {
    if (scope.vocabulary.stages.get(stage.stage)?.kind !== "format") continue;
    const message = `\`${stage.stage}\` is a format and can only start a pipeline`;
    scope.report({
      message,
      at: nameSpan(stage),
      hint: "A pipeline has one format, its first stage",
    });
  }
}

function checkNestedFormats(plan: Plan, scope: ReadScope): void {
  for (const stage of plan.stages) {
    if (scope.vocabulary.stages.get(stage.stage)?.kind !== "format") continue;
    const message = `\`${stage.stage}\` is a format, and a nested pipeline takes rows`;
    scope.report({ message, at: nameSpan(stage), hint: `Leave \`${stage.stage}\` out` });
  }
}

function nameSpan({ stage, at: { start } }: PlanStage): Span {
  return { start, end: start + Math.max(1, stage.length) };
}
