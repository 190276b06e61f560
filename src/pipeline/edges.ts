/**
 * What flows between the stages of a plan, and what is asked of it.
 * @module
 */
import { checkExpression } from "../expression/check.ts";
import { nestedPlans } from "../language/check_plan.ts";
import { demandsOf } from "../language/demand.ts";
import type { Plan, PlanStage } from "../language/syntax.ts";
import { OPEN_SCHEMA, type Schema } from "../schema.ts";
import type { CheckContext, StageContext } from "../stage.ts";
import type { Vocabulary } from "../vocabulary.ts";

/** What the plan knows of a stage's input, and what is asked of its output. */
export type Edges = Pick<StageContext, "schema" | "demand">;

/** Edges of plans that run again and again, by the words they were found with; gone with the plan. */
const knownEdges = new WeakMap<Plan, { vocabulary: Vocabulary; edges: readonly Edges[] }>();

/** The edges of a plan in the order of its stages. */
export function edgesOf(plan: Plan, vocabulary: Vocabulary): readonly Edges[] {
  const known = knownEdges.get(plan);
  if (known?.vocabulary === vocabulary) return known.edges;
  const schemas = schemasOf(plan, OPEN_SCHEMA, vocabulary);
  const demands = demandsOf(plan, vocabulary);
  const edges = plan.stages.map((_, index) => ({
    schema: schemas[index]!,
    demand: demands[index]!,
  }));
  knownEdges.set(plan, { vocabulary, edges });
  return edges;
}

/** The rows that go into each stage of a plan whose first stage gets `input`. */
export function schemasOf(plan: Plan, input: Schema, vocabulary: Vocabulary): Schema[] {
  const check: CheckContext = {
    vocabulary,
    issue: () => {},
    expression: (expression, schema) =>
      checkExpression(expression, schema, vocabulary.functions, () => {}),
    condition: () => {},
    nested: (nested, schema) => {
      const schemas = schemasOf(nested, schema, vocabulary);
      const last = nested.stages.at(-1);
      return last === undefined ? schema : outputOf(last, schemas.at(-1)!, check);
    },
  };
  const schemas: Schema[] = [];
  let current = input;
  for (const stage of plan.stages) {
    schemas.push(current);
    current = outputOf(stage, current, check);
  }
  return schemas;
}

function outputOf(stage: PlanStage, input: Schema, check: CheckContext): Schema {
  const definition = check.vocabulary.stages.get(stage.stage)!;
  return definition.schema?.(stage.arguments, input, check) ?? input;
}

/** Whether a stage, or one nested in it, asks or writes outside of the process. */
export function reachesOut(stage: PlanStage, vocabulary: Vocabulary): boolean {
  const definition = vocabulary.stages.get(stage.stage)!;
  return definition.reachesOut === true ||
    nestedPlans(stage, definition).some(({ stages }) =>
      stages.some((nested) => reachesOut(nested, vocabulary))
    );
}

/** Whether a stage may share a stream with its neighbours; what waits, or has a queue with a bound of its own, may not. */
export interface Sharing {
  /** With the stage below, since it does next to nothing with a batch. */
  readonly below: boolean;
  /** With the stage above, since rows need not wait in front of it. */
  readonly above: boolean;
}

/** What the plan tells of {@link Sharing}; an operator with outputs of its own accord is not known here. */
export function sharingOf(stage: PlanStage, vocabulary: Vocabulary): Sharing {
  const { light, queue } = vocabulary.stages.get(stage.stage)!;
  return {
    below: light?.(stage.arguments) ?? false,
    above: queue === undefined && !reachesOut(stage, vocabulary),
  };
}
