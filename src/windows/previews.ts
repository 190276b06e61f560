/**
 * Which pipelines can answer before their input is over, more than once.
 * @module
 */
import { nestedPlans } from "../language/check_plan.ts";
import type { Plan, PlanStage } from "../language/syntax.ts";
import type { CheckContext } from "../stage.ts";
import type { Vocabulary } from "../vocabulary.ts";

/** A stage that takes only final rows, and the one above it whose rows would go through it before they are. */
export interface Unshowable {
  readonly stage: PlanStage;
  readonly above: PlanStage;
}

/** Reports a stage of a window's pipeline because of which the window cannot do what `option` asks: show answers that may change. */
export function checkPreviews(plan: Plan, option: string, check: CheckContext): void {
  const found = unshowable(plan, check.vocabulary);
  if (found === null) return;
  const { stage: { stage, at: { start } }, above } = found;
  check.issue({
    message:
      `\`${stage}\` takes only final rows, and with \`${option}\` those of \`${above.stage}\` may change`,
    at: { start, end: start + stage.length },
    hint: `Put \`${stage}\` behind the window, or before \`${above.stage}\``,
  });
}

/** The first stage through which what the plan would finish with now cannot go; null when there is none. */
export function unshowable(plan: Plan, vocabulary: Vocabulary): Unshowable | null {
  let above: PlanStage | null = null;
  for (const stage of plan.stages) {
    const definition = vocabulary.stages.get(stage.stage);
    // A word that is not known has been told of already.
    if (definition === undefined) continue;
    const from: PlanStage | null = above ?? (definition.previews === "rerun" ? stage : null);
    const found: Unshowable | null = from === null
      ? firstOf(stage, vocabulary, (nested) => unshowable(nested, vocabulary))
      : finalOnly(stage, from, vocabulary);
    if (found !== null && definition.previews !== "never") return found;
    if (previews(stage, vocabulary)) above ??= stage;
  }
  return null;
}

/** Whether the stage can tell what it would finish with if its input ended now: its operator has a snapshot. */
export function previews(stage: PlanStage, vocabulary: Vocabulary): boolean {
  const definition = vocabulary.stages.get(stage.stage);
  if (definition === undefined) return false;
  if (definition.previews !== undefined) return definition.previews !== "never";
  return definition.kind === "aggregate" ||
    nestedPlans(stage, definition).some(({ stages }) =>
      stages.some((nested) => previews(nested, vocabulary))
    );
}

/** The stage itself, or the first nested in it, that waits or reaches out. */
function finalOnly(
  stage: PlanStage,
  above: PlanStage,
  vocabulary: Vocabulary,
): Unshowable | null {
  const { waits, reachesOut } = vocabulary.stages.get(stage.stage) ?? {};
  if (waits || reachesOut) return { stage, above };
  return firstOf(stage, vocabulary, ({ stages }) => {
    for (const nested of stages) {
      const found = finalOnly(nested, above, vocabulary);
      if (found !== null) return found;
    }
    return null;
  });
}

/** What `find` finds first in the pipelines nested in a stage. */
function firstOf(
  stage: PlanStage,
  vocabulary: Vocabulary,
  find: (nested: Plan) => Unshowable | null,
): Unshowable | null {
  const definition = vocabulary.stages.get(stage.stage);
  if (definition === undefined) return null;
  for (const nested of nestedPlans(stage, definition)) {
    const found = find(nested);
    if (found !== null) return found;
  }
  return null;
}
