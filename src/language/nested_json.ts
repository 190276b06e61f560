/**
 * The JSON form of nested pipelines, as zod sees it.
 * @module
 */
import { z } from "zod";
import { printExpression } from "./print.ts";
import type { Case, Plan } from "./syntax.ts";

/** One stage in the JSON form: its name and its arguments by name. */
export type StageJson = z.output<typeof STAGE_JSON>;

/** A pipeline in the JSON form, `{"stages": [...]}`, or the bare array, or pipeline text. */
export type PipelineJson = z.output<typeof PIPELINE_JSON>;

const STAGE_JSON = z.looseObject({ stage: z.string() });
/** Any of the forms of a {@link PipelineJson}, read as far as its stages' names. */
export const PIPELINE_JSON = z.union([
  z.string(),
  z.array(STAGE_JSON),
  z.object({ stages: z.array(STAGE_JSON) }),
]);
/** One way out of a fork. */
export const CASE_JSON = z.union([
  z.strictObject({ case: z.union([z.string(), z.array(z.string())]), pipeline: PIPELINE_JSON }),
  z.strictObject({ else: PIPELINE_JSON }),
]);
/** The decoder of zod alone, which cannot read pipelines: it reports that. */
export function needsVocabulary(json: unknown, payload: z.core.ParsePayload): never {
  const message = "A nested pipeline needs a vocabulary: decode it with planFromJson";
  payload.issues.push({ code: "custom", message, input: json });
  return z.NEVER;
}

/** The stages of a nested plan, arguments as they are. */
export function stagesJson(plan: Plan): StageJson[] {
  return plan.stages.map(({ stage, arguments: own }) => ({ ...own, stage }));
}

/** The ways out of a fork. */
export function casesJson(cases: readonly Case[]): z.output<typeof CASE_JSON>[] {
  return cases.map(({ values, plan }) =>
    values.length === 0
      ? { else: stagesJson(plan) }
      : { case: values.map((value) => printExpression(value)), pipeline: stagesJson(plan) }
  );
}
