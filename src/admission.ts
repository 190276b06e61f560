/**
 * Whether a server can run a plan, asked before a byte of the upload is read.
 * @module
 */
import { nestedPlans } from "./language/check_plan.ts";
import { type Issue, PipelineError } from "./language/diagnostics.ts";
import type { Plan, PlanStage } from "./language/syntax.ts";
import type { CheckedPlan } from "./plan.ts";
import type { Resources } from "./resources.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** The stages of plans that run again and again, by the words they were found with; gone with the plan. */
const knownStages = new WeakMap<Plan, { vocabulary: Vocabulary; stages: readonly PlanStage[] }>();

/**
 * Asks every stage of a plan, nested ones too, whether these resources do for it. Rejects with a PipelineError that holds
 * every reason why not; undefined where no stage can refuse, so that nobody waits for nothing.
 */
export function admit(
  checked: Pick<CheckedPlan, "plan" | "source">,
  vocabulary: Vocabulary,
  resources: Resources,
): Promise<void> | undefined {
  const stages = refusingStages(checked.plan, vocabulary);
  return stages.length === 0 ? undefined : ask(stages, checked, vocabulary, resources);
}

async function ask(
  stages: readonly PlanStage[],
  { source }: Pick<CheckedPlan, "source">,
  vocabulary: Vocabulary,
  resources: Resources,
): Promise<void> {
  const issues: Issue[] = [];
  for (const stage of stages) {
    const { refusal } = vocabulary.stages.get(stage.stage)!;
    const found = await refusal?.(stage.arguments, { resources, vocabulary }) ?? null;
    if (found !== null) issues.push({ ...found, at: stage.at });
  }
  if (issues.length > 0) throw new PipelineError(source, issues);
}

function refusingStages(plan: Plan, vocabulary: Vocabulary): readonly PlanStage[] {
  const known = knownStages.get(plan);
  if (known?.vocabulary === vocabulary) return known.stages;
  const stages = stagesOf(plan, vocabulary);
  knownStages.set(plan, { vocabulary, stages });
  return stages;
}

/** The stages that may refuse, in text order. */
function stagesOf(plan: Plan, vocabulary: Vocabulary): readonly PlanStage[] {
  return plan.stages.flatMap((stage) => {
    const definition = vocabulary.stages.get(stage.stage);
    if (definition === undefined) return [];
    const nested = nestedPlans(stage, definition).flatMap((inner) => stagesOf(inner, vocabulary));
    return definition.refusal === undefined ? nested : [stage, ...nested];
  });
}
