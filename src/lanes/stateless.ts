/**
 * Which pipelines give the same rows however their input is shared out among several instances.
 * @module
 */
import { nestedPlans } from "../language/check_plan.ts";
import type { Plan, PlanStage } from "../language/syntax.ts";
import type { Vocabulary } from "../vocabulary.ts";

/** The first stage, nested ones included, that depends on more than the row it is given; null when none does. */
export function firstStateful(plan: Plan, vocabulary: Vocabulary): PlanStage | null {
  for (const stage of plan.stages) {
    const definition = vocabulary.stages.get(stage.stage);
    // A word that is not known has been told of already.
    if (definition === undefined) continue;
    const passesOn = definition.stateless?.(stage.arguments) ?? definition.kind === "row-local";
    if (!passesOn) return stage;
    for (const nested of nestedPlans(stage, definition)) {
      const found = firstStateful(nested, vocabulary);
      if (found !== null) return found;
    }
  }
  return null;
}
