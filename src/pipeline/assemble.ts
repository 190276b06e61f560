/**
 * From a plan to operators: each stage created with its context and wrapped by its observer.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { checkExpression } from "../expression/check.ts";
import { nestedPlans } from "../language/check_plan.ts";
import { demandsOf } from "../language/demand.ts";
import type { Plan, PlanStage } from "../language/syntax.ts";
import type { Limits } from "../limits.ts";
import type { Resources } from "../resources.ts";
import { OPEN_SCHEMA, type Schema } from "../schema.ts";
import type { AnyStage, Budget, CheckContext, Operator, Reject, StageContext } from "../stage.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { type AnyOperator, chain } from "./chain.ts";
import { observed } from "./observed.ts";
import { Probe } from "./probe.ts";
import type { StageEvent } from "./report.ts";
import { supervised, type Supervision } from "./supervise.ts";
import { Wake } from "./wake.ts";

/** What a run offers to all of its stages. */
export interface StageServices {
  readonly vocabulary: Vocabulary;
  readonly limits: Limits;
  readonly budget: Budget;
  readonly signal: AbortSignal;
  reject(reject: Reject): void;
  lines(count: number, empty?: number): void;
  notice(key: string, value: object | string): void;
  event(event: Omit<StageEvent, "at">): void;
  readonly resources: Resources;
  /** Set when stages that throw are made anew. */
  readonly supervision?: Supervision | undefined;
}

/** A stage of a run. */
export interface AssembledStage {
  readonly name: string;
  readonly operator: AnyOperator;
  readonly probe: Probe;
  /** Rings when the stage, or one nested in it, has outputs to be taken. */
  readonly wake: Wake;
  /** Whether it, or one nested in it, asks or writes outside of the process. */
  readonly reachesOut?: boolean;
  /** Another operator of this stage with no shared state, unobserved and with services of its own. */
  fresh(services: StageServices): AnyOperator;
}

/** All stages of a run, outer and nested. */
export interface Assembly {
  readonly stages: readonly AssembledStage[];
  /** Outer stages first in plan order, each followed by those nested in it. */
  readonly probes: readonly Probe[];
}

interface Place {
  /** The probe of the stage below, once it is there. */
  readonly below: () => Probe | undefined;
  /** `tee.1.` for what is nested in the first branch of a tee, else empty. */
  readonly prefix: string;
  /** Where the stage stands among all of the plan: those of one path share a probe. */
  readonly path: string;
  readonly probes: Map<string, Probe> | null;
  /** The probes of `probes`, in the order in which they were made. */
  readonly listed: Probe[];
  readonly wake: Wake;
}

const UNOBSERVED: Place = {
  below: () => undefined,
  prefix: "",
  path: "",
  probes: null,
  listed: [],
  wake: new Wake(),
};

/** What the plan knows of a stage's input, and what is asked of its output. */
type Edges = Pick<StageContext, "schema" | "demand">;

/** Creates every stage of a checked `plan`. Throws only what a stage's `create` throws. */
export function assemble(plan: Plan, services: StageServices): Assembly {
  const listed: Probe[] = [];
  const probes = new Map<string, Probe>();
  const edgesOfPlan = edgesOf(plan, services.vocabulary);
  const stages = plan.stages.map((stage, index): AssembledStage => {
    const definition = services.vocabulary.stages.get(stage.stage)!;
    const below = () => probes.get(String(index + 1));
    const place: Place = {
      below,
      prefix: "",
      path: String(index),
      probes,
      listed,
      wake: new Wake(),
    };
    const probe = probeFor(definition, stage, place, services.limits);
    const edges = edgesOfPlan[index]!;
    const create = (context: StageContext) =>
      definition.create(stage.arguments, context) as AnyOperator;
    const context = contextOf(services, stage, edges, place, probe);
    const { supervision } = services;
    const operator = supervision === undefined
      ? create(context)
      : supervised(create, context, definition.kind, supervision);
    return {
      name: stage.stage,
      probe,
      wake: place.wake,
      reachesOut: reachesOut(stage, services.vocabulary),
      operator: observed(operator, probe),
      fresh: (others) => create(contextOf(others, stage, edges, UNOBSERVED, null)),
    };
  });
  return { stages, probes: listed };
}

function reachesOut(stage: PlanStage, vocabulary: Vocabulary): boolean {
  const definition = vocabulary.stages.get(stage.stage)!;
  return definition.reachesOut === true ||
    nestedPlans(stage, definition).some(({ stages }) =>
      stages.some((nested) => reachesOut(nested, vocabulary))
    );
}

/** Edges of plans that run again and again, by the words they were found with; gone with the plan. */
const knownEdges = new WeakMap<Plan, { vocabulary: Vocabulary; edges: readonly Edges[] }>();

function edgesOf(plan: Plan, vocabulary: Vocabulary): readonly Edges[] {
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

/** The probe of a place, made when it is first asked for. */
function probeFor(definition: AnyStage, stage: PlanStage, place: Place, limits: Limits): Probe {
  const known = place.probes?.get(place.path);
  if (known !== undefined) return known;
  const bound = definition.queue?.(stage.arguments) ?? { bytes: limits.edgeBytes };
  const [unit, size] = "rows" in bound
    ? ["rows" as const, bound.rows]
    : ["bytes" as const, bound.bytes];
  const probe = new Probe(place.prefix + stage.stage, place.listed.length, unit, size);
  place.probes?.set(place.path, probe);
  place.listed.push(probe);
  return probe;
}

function contextOf(
  services: StageServices,
  stage: PlanStage,
  { schema, demand }: Edges,
  place: Place,
  probe: Probe | null,
): StageContext {
  const makeNested = (plan: Plan, label: string, ring?: () => void) =>
    nest(plan, { schema, demand }, services, {
      ...place,
      ...(ring !== undefined && { wake: ringing(ring) }),
      prefix: `${place.prefix}${stage.stage}.${label}.`,
      path: `${place.path}/${label}`,
    });
  return {
    limits: services.limits,
    budget: services.budget,
    signal: services.signal,
    vocabulary: services.vocabulary,
    schema,
    demand,
    lines: (count, empty) => services.lines(count, empty),
    notice: (key, value) => services.notice(key, value),
    fact: (name, value) => probe?.tell(name, value),
    event: (name, attributes = {}) => {
      if (probe === null) return;
      services.event({ stage: probe.stage, index: probe.index, name, attributes });
    },
    wake: () => place.wake.ring(),
    resources: services.resources,
    below: () => place.below()?.figures() ?? null,
    reject: (reject) => {
      if (probe !== null) probe.rejects++;
      services.reject({ ...reject, stage: stage.stage });
    },
    nested: (plan, label, ring) => makeNested(plan, label, ring)(),
    nestedFactory: (plan, label) => makeNested(plan, label),
  };
}

function ringing(ring: () => void): Wake {
  const wake = new Wake();
  wake.listen(ring);
  return wake;
}

/**
 * Makes a nested pipeline as one operator, as often as it is called; each instance is observed by the same probes. What
 * an instance makes after its first operator of a stage is for snapshots, and is not observed.
 */
function nest(
  plan: Plan,
  around: Edges,
  services: StageServices,
  place: Place,
): (observed?: boolean) => Operator<Batch, Batch> {
  const schemas = schemasOf(plan, around.schema, services.vocabulary);
  const demands = demandsOf(plan, services.vocabulary, around.demand);
  const makers = plan.stages.map((stage, index) => {
    const definition = services.vocabulary.stages.get(stage.stage)!;
    const edges = { schema: schemas[index]!, demand: demands[index]! };
    const below = () => place.probes?.get(`${place.path}/${index + 1}`);
    const observedAt = { ...place, below, path: `${place.path}/${index}` };
    const isObserved = place.probes !== null;
    return (watched: boolean) => {
      let first = isObserved && watched;
      return () => {
        const probe = first ? probeFor(definition, stage, observedAt, services.limits) : null;
        const inside = first ? observedAt : { ...UNOBSERVED, wake: place.wake };
        first = false;
        const context = contextOf(services, stage, edges, inside, probe);
        const operator = definition.create(stage.arguments, context) as AnyOperator;
        return probe === null ? operator : observed(operator, probe, true);
      };
    };
  });
  return (watched = true) => chain(makers.map((make) => make(watched)));
}
