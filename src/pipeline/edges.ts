/**
 * What flows between the stages of a plan, and what is asked of it.
 * @module
 */
import { checkExpression } from "../expression/check.ts";
import { nestedPlans } from "../language/check_plan.ts";
import { demandsOf } from "../language/demand.ts";
import type { Plan, PlanStage } from "../language/syntax.ts";
import { OPEN_SCHEMA, type Schema } from "../schema.ts";
import type { AnyStage, CheckContext, StageContext } from "../stage.ts";
import type { Vocabulary } from "../vocabulary.ts";

/** What the plan knows of a stage's input, and what is asked of its output. */
export type Edges = Pick<StageContext, "schema" | "demand">;

/** What a plan tells of one of its stages, the same for every run. */
export interface StageFacts extends Edges {
  readonly stage: PlanStage;
  readonly definition: AnyStage;
  /** Its index as text: its path, and that of the stage below. */
  readonly path: string;
  readonly pathBelow: string;
  /** Whether it, or one nested in it, asks or writes outside of the process. */
  readonly reachesOut: boolean;
  readonly shares: Sharing;
}

/** Facts of plans that run again and again, by the words they were found with; gone with the plan. */
const knownFacts = new WeakMap<Plan, { vocabulary: Vocabulary; facts: readonly StageFacts[] }>();

/** What a plan tells of its stages, in their order. */
export function factsOf(plan: Plan, vocabulary: Vocabulary): readonly StageFacts[] {
  const known = knownFacts.get(plan);
  if (known?.vocabulary === vocabulary) return known.facts;
  const schemas = schemasOf(plan, OPEN_SCHEMA, vocabulary);
  const demands = demandsOf(plan, vocabulary);
  const facts = plan.stages.map((stage, index): StageFacts => ({
    stage,
    definition: vocabulary.stages.get(stage.stage)!,
    path: String(index),
    pathBelow: String(index + 1),
    schema: schemas[index]!,
    demand: demands[index]!,
    reachesOut: reachesOut(stage, vocabulary),
    shares: sharingOf(stage, vocabulary),
  }));
  knownFacts.set(plan, { vocabulary, facts });
  return facts;
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
function reachesOut(stage: PlanStage, vocabulary: Vocabulary): boolean {
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
function sharingOf(stage: PlanStage, vocabulary: Vocabulary): Sharing {
  const { light, queue } = vocabulary.stages.get(stage.stage)!;
  return {
    below: light?.(stage.arguments) ?? false,
    above: queue === undefined && !reachesOut(stage, vocabulary),
  };
}
