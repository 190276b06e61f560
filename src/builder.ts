/**
 * Pipelines in TypeScript: the same plan as text and JSON give, with argument names and types checked by the compiler.
 * @module
 */
import type { z } from "zod";
import type { CommonOptions } from "./language/common_options.ts";
import type { StageJson } from "./language/nested_json.ts";
import { type CheckedPlan, planFromJson } from "./plan.ts";
import type { StageDefinition } from "./stage.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** The arguments of a stage in their JSON form, with the options of all stages; may be left out when none is required. */
export type StageArguments<Shape extends z.ZodRawShape> = Record<never, never> extends
  z.input<z.ZodObject<Shape>> ? [arguments?: z.input<z.ZodObject<Shape>> & CommonOptions]
  : [arguments: z.input<z.ZodObject<Shape>> & CommonOptions];

/** A pipeline under construction. Immutable: each step gives a new one, so a common start can be shared. */
export class PipelineBuilder {
  readonly #vocabulary: Vocabulary;
  readonly #stages: readonly StageJson[];

  /** Use {@link pipeline}. */
  constructor(vocabulary: Vocabulary, stages: readonly StageJson[]) {
    this.#vocabulary = vocabulary;
    this.#stages = stages;
  }

  /** The pipeline with one more stage at its end. Nothing is checked before {@link PipelineBuilder.build}. */
  add<Shape extends z.ZodRawShape>(
    stage: StageDefinition<Shape>,
    ...[values]: StageArguments<Shape>
  ): PipelineBuilder {
    return new PipelineBuilder(this.#vocabulary, [...this.#stages, {
      ...values,
      stage: stage.name,
    }]);
  }

  /** The JSON form; also what an argument takes that is a nested pipeline. */
  toJSON(): { stages: StageJson[] } {
    return { stages: [...this.#stages] };
  }

  /** The checked plan. Throws PipelineError with all issues, each with the JSON Pointer of its place. */
  build(): CheckedPlan {
    return planFromJson(this.toJSON(), this.#vocabulary);
  }
}

/** An empty pipeline of the words of a vocabulary: `pipeline(VOCABULARY).add(combined).add(head, { count: 3 }).build()`. */
export function pipeline(vocabulary: Vocabulary): PipelineBuilder {
  return new PipelineBuilder(vocabulary, []);
}
