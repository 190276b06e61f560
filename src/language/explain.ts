/**
 * What a plan will do and hold, as JSON-safe data.
 * @module
 */
import type { Limits } from "../limits.ts";
import type { FieldType, Schema } from "../schema.ts";
import type { StageKind } from "../stage.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { nestedPlans, type PlanSchemas } from "./check_plan.ts";
import { demandsOf } from "./demand.ts";
import { printPlan, printStage } from "./pipeline_text.ts";
import type { Bound, Plan, PlanStage } from "./syntax.ts";

/** A plan cut where the first stage stands that is not row-local. */
export interface Segments {
  /** The format and the row-local stages behind it: run on any slice of whole lines, anywhere. */
  readonly map: Plan;
  /** The first aggregate, when it follows at once: each slice makes a partial state. */
  readonly partial: PlanStage | null;
  /** The rest, on all rows in order; where there is a `partial`, it stands first again and merges the states. */
  readonly reduce: Plan;
}

/** Where a stage runs. `map and reduce`: partial states in the one, merged in the other. */
export type Segment = "map" | "map and reduce" | "reduce";

/** The rows on an edge. `open` rows may have fields that only the data tells. */
export interface ExplainedSchema {
  readonly fields: Readonly<Record<string, FieldType>>;
  readonly open: boolean;
}

/** One stage of an explained plan. */
export interface ExplainedStage {
  readonly stage: string;
  readonly text: string;
  readonly kind: StageKind;
  readonly segment: Segment;
  readonly input: ExplainedSchema;
  /** Of a format: the fields that the stages below read, the only ones that it need make. */
  readonly columns?: readonly string[] | "all";
  readonly queue: Bound;
  /** The most bytes of state; null when only the run's budget bounds it. */
  readonly stateBytes: number | null;
  /** The stages of each nested pipeline. */
  readonly nested?: readonly (readonly ExplainedStage[])[];
}

/** A plan explained. */
export interface Explanation {
  readonly pipeline: string;
  readonly stages: readonly ExplainedStage[];
  readonly output: ExplainedSchema;
  readonly total: {
    /** Sum of the queue bounds in bytes, and of those in rows. Nested stages have no queues. */
    readonly queueBytes: number;
    readonly queueRows: number;
    /** The most state of all stages, never more than the run's budget. */
    readonly stateBytes: number;
  };
}

/** Cuts a plan into what runs on slices and what runs on the whole. */
export function segments(plan: Plan, vocabulary: Vocabulary): Segments {
  const cut = mapLength(plan, vocabulary);
  const next = plan.stages[cut];
  const aggregates = next !== undefined &&
    vocabulary.stages.get(next.stage)?.kind === "aggregate";
  return {
    map: { stages: plan.stages.slice(0, cut) },
    partial: aggregates ? next : null,
    reduce: { stages: plan.stages.slice(cut) },
  };
}

/** Explains a checked plan under the given limits. Every number is finite. */
export function explain(
  checked: PlanSchemas & { readonly plan: Plan },
  vocabulary: Vocabulary,
  limits: Limits,
): Explanation {
  const stages = explainStages(checked.plan, checked, vocabulary, limits, null);
  const bounds = stages.map(({ queue }) => queue);
  const state = stateOf(stages);
  return {
    pipeline: printPlan(checked.plan, vocabulary),
    stages,
    output: explainSchema(checked.schemas.at(-1)),
    total: {
      queueBytes: sum(bounds.map((bound) => "bytes" in bound ? bound.bytes : 0)),
      queueRows: sum(bounds.map((bound) => "rows" in bound ? bound.rows : 0)),
      stateBytes: Math.min(limits.maxStateBytes, state),
    },
  };
}

function explainStages(
  plan: Plan,
  { schemas, nested }: PlanSchemas,
  vocabulary: Vocabulary,
  limits: Limits,
  around: Segment | null,
): ExplainedStage[] {
  const cut = mapLength(plan, vocabulary);
  const demands = demandsOf(plan, vocabulary);
  return plan.stages.map((stage, index): ExplainedStage => {
    const definition = vocabulary.stages.get(stage.stage)!;
    const memory = definition.memory?.(stage.arguments, limits) ?? 0;
    const branches = nestedPlans(stage, definition);
    const demand = demands[index]!;
    const partial = index === cut && definition.kind === "aggregate";
    const segment = around ?? (index < cut ? "map" : partial ? "map and reduce" : "reduce");
    return {
      stage: stage.stage,
      text: printStage(stage, vocabulary),
      kind: definition.kind,
      segment,
      input: explainSchema(schemas[index]),
      ...(definition.kind === "format"
        ? { columns: demand === "all" ? demand : [...demand.keys()] }
        : {}),
      queue: definition.queue?.(stage.arguments) ?? { bytes: limits.edgeBytes },
      stateBytes: Number.isFinite(memory) ? memory : null,
      ...(branches.length === 0 ? {} : {
        nested: branches.map((branch) => {
          const own = { schemas: nested.get(branch) ?? [], nested };
          return explainStages(branch, own, vocabulary, limits, segment);
        }),
      }),
    };
  });
}

function mapLength(plan: Plan, vocabulary: Vocabulary): number {
  const first = plan.stages.findIndex((stage) => !isLocal(stage, vocabulary));
  return first < 0 ? plan.stages.length : first;
}

function isLocal(stage: PlanStage, vocabulary: Vocabulary): boolean {
  const definition = vocabulary.stages.get(stage.stage);
  if (definition === undefined) return false;
  if (definition.asNested) {
    return nestedPlans(stage, definition).every(({ stages }) =>
      stages.every((nested) => isLocal(nested, vocabulary))
    );
  }
  return definition.kind === "format" || definition.kind === "row-local";
}

function explainSchema(schema: Schema | undefined): ExplainedSchema {
  return {
    fields: Object.fromEntries(schema?.fields ?? []),
    open: schema?.open ?? true,
  };
}

function stateOf(stages: readonly ExplainedStage[]): number {
  return sum(
    stages.map(({ stateBytes, nested }) =>
      (stateBytes ?? Infinity) + sum((nested ?? []).map(stateOf))
    ),
  );
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
