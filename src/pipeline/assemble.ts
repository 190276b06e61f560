/**
 * From a plan to operators: each stage created with its context and wrapped by its observer.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { demandsOf } from "../language/demand.ts";
import type { Plan, PlanStage } from "../language/syntax.ts";
import type { Limits } from "../limits.ts";
import type { Resources } from "../resources.ts";
import type { Schema } from "../schema.ts";
import { onErrorOf } from "../language/common_options.ts";
import { type Reject, rejectOf, type RejectTold } from "../reject.ts";
import type { AnyStage, Budget, Operator, StageContext } from "../stage.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { type AnyOperator, chain } from "./chain.ts";
import { type Edges, edgesOf, reachesOut, schemasOf, type Sharing, sharingOf } from "./edges.ts";
import { HeldBack } from "./held_back.ts";
import { observed } from "./observed.ts";
import { nestedIn, Probe } from "./probe.ts";
import { RejectFeed, RejectLevel } from "./reject_feed.ts";
import type { StageEvent } from "./report.ts";
import { createOperator } from "./row_errors.ts";
import { type Keeps, keepsOf } from "./spent.ts";
import { supervised, type Supervision } from "./supervise.ts";
import { Wake } from "./wake.ts";

/** What a run offers to all of its stages. */
export interface StageServices {
  readonly vocabulary: Vocabulary;
  readonly limits: Limits;
  readonly budget: Budget;
  readonly signal: AbortSignal;
  reject(reject: Reject, told?: RejectTold): void;
  lines(count: number, empty?: number): void;
  notice(key: string, value: object | string): void;
  event(event: Omit<StageEvent, "at">): void;
  readonly resources: Resources;
  /** Set when stages that throw are made anew. */
  readonly supervision?: Supervision | undefined;
  /** Hears of work that goes on between two calls. */
  meanwhile?(work: Promise<unknown>): void;
  /** Runs what tells of lines and rejects when that is certain; it is at once where this is missing. */
  say?(what: () => void): void;
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
  readonly shares?: Sharing;
  readonly keeps?: Keeps;
  /** Resolves when a stage below has room for more rejects; undefined when it has now. */
  room(): Promise<void> | undefined;
  /** Called when the stage gives nothing any more. */
  over(): void;
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
  readonly level: RejectLevel;
  /** The stage's index in its own pipeline. */
  readonly index: number;
}

const UNOBSERVED = {
  below: () => undefined,
  prefix: "",
  path: "",
  probes: null,
  listed: [],
  wake: new Wake(),
};

/** Creates every stage of a checked `plan`. Throws only what a stage's `create` throws. */
export function assemble(plan: Plan, services: StageServices): Assembly {
  const listed: Probe[] = [];
  const probes = new Map<string, Probe>();
  const level = new RejectLevel();
  const levels = new WeakMap<StageServices, RejectLevel>();
  const edgesOfPlan = edgesOf(plan, services.vocabulary);
  const stages = plan.stages.map((stage, index): AssembledStage => {
    const definition = services.vocabulary.stages.get(stage.stage)!;
    const place: Place = {
      below: () => probes.get(String(index + 1)),
      prefix: "",
      path: String(index),
      probes,
      listed,
      wake: new Wake(),
      level,
      index,
    };
    const probe = probeFor(definition, stage, place, services.limits);
    const edges = edgesOfPlan[index]!;
    const create = (context: StageContext) => createOperator(definition, stage, context);
    // What waits for a stage that takes rejects is not its state, and would not come again.
    const supervision = definition.takesRejects ? undefined : services.supervision;
    const held = supervision && new HeldBack();
    const own = { ...services, ...held?.services };
    const context = contextOf(own, stage, edges, place, probe);
    const operator = held === undefined || supervision === undefined
      ? create(context)
      : supervised(() => create(context), context, held, definition.kind, supervision, () =>
        nestedIn(probes, place.path));
    return {
      name: stage.stage,
      probe,
      wake: place.wake,
      reachesOut: reachesOut(stage, services.vocabulary),
      shares: sharingOf(stage, services.vocabulary),
      keeps: supervision === undefined ? keepsOf(definition, stage) : "input",
      operator: observed(operator, probe),
      room: () => level.below(index)?.room(),
      over: () => level.get(index)?.close(),
      fresh: (apart) => {
        const among = levels.get(apart) ?? new RejectLevel();
        levels.set(apart, among);
        return create(contextOf(apart, stage, edges, { ...UNOBSERVED, level: among, index }, null));
      },
    };
  });
  return { stages, probes: listed };
}

/** The probe of a place, made when it is first asked for. */
function probeFor(definition: AnyStage, stage: PlanStage, place: Place, limits: Limits): Probe {
  const known = place.probes?.get(place.path);
  if (known !== undefined) return known;
  const bound = definition.queue?.(stage.arguments) ?? { bytes: limits.edgeBytes };
  const unit = "rows" in bound ? "rows" : "bytes";
  const size = "rows" in bound ? bound.rows : bound.bytes;
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
  const makeNested = (
    plan: Plan,
    label: string,
    { ring, rows = schema }: { readonly ring?: () => void; readonly rows?: Schema } = {},
  ) =>
    nest(plan, { schema: rows, demand }, services, {
      ...place,
      ...(ring !== undefined && { wake: Wake.calling(ring) }),
      prefix: `${place.prefix}${stage.stage}.${label}.`,
      path: `${place.path}/${label}`,
    });
  const say = services.say ?? ((what: () => void) => what());
  return {
    limits: services.limits,
    budget: services.budget,
    signal: services.signal,
    vocabulary: services.vocabulary,
    schema,
    demand,
    lines: (count, empty) => say(() => services.lines(count, empty)),
    notice: (key, value) => services.notice(key, value),
    fact: probe?.teller() ?? (() => {}),
    meanwhile: (work) => services.meanwhile?.(work),
    event: (name, attributes = {}) =>
      probe !== null &&
      services.event({ stage: probe.stage, index: probe.index, name, attributes }),
    wake: () => place.wake.ring(),
    resources: services.resources,
    below: () => place.below()?.figures() ?? null,
    reject: (told) =>
      say(() => {
        const reject = rejectOf(told, stage.stage);
        probe?.rejects.add(reject.class);
        const feed = place.level.below(place.index);
        feed?.add(reject);
        services.reject(reject, { policy: onErrorOf(stage), taken: feed !== undefined });
      }),
    rejectsAbove: () => {
      const feed = new RejectFeed(services.budget, () => place.wake.ring());
      place.level.set(place.index, feed);
      return feed;
    },
    nested: (plan, label, options) => makeNested(plan, label, options)(),
    nestedFactory: (plan, label) => makeNested(plan, label),
  };
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
    return (watched: boolean, level: RejectLevel) => {
      let made = false;
      return () => {
        const first = place.probes !== null && watched && !made;
        const probe = first ? probeFor(definition, stage, observedAt, services.limits) : null;
        const inside = {
          ...(first ? observedAt : { ...UNOBSERVED, wake: place.wake }),
          level: made ? new RejectLevel() : level,
          index,
        };
        made = true;
        const context = contextOf(services, stage, edges, inside, probe);
        const operator = createOperator(definition, stage, context);
        return probe === null ? operator : observed(operator, probe, true);
      };
    };
  });
  return (watched = true) => {
    const level = new RejectLevel(place.level, place.index);
    return chain(makers.map((make) => make(watched, level)));
  };
}
