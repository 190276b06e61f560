/**
 * What a stage reaches of its run, and how pipelines nested in it are made.
 * @module
 */
import type { Attempt } from "../attempt.ts";
import type { Batch } from "../batch/batch.ts";
import { type Demand, demandsOf } from "../language/demand.ts";
import type { Plan, PlanStage } from "../language/syntax.ts";
import type { Limits } from "../limits.ts";
import type { Resources } from "../resources.ts";
import type { Schema } from "../schema.ts";
import { onErrorOf } from "../language/common_options.ts";
import {
  type Reject,
  rejectBytes,
  rejectOf,
  type RejectTold,
  type StageReject,
} from "../reject.ts";
import type { BelowFigures, Budget, Operator, RejectSource, StageContext } from "../stage.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { chain } from "./chain.ts";
import { type Edges, schemasOf } from "./edges.ts";
import { Facts, Teller } from "./facts.ts";
import { HeldBack } from "./held_back.ts";
import type { SignalSource } from "./lazy_abort.ts";
import { observed } from "./observed.ts";
import { type Place, probeFor, UNOBSERVED } from "./place.ts";
import type { Probe } from "./probe.ts";
import { RejectFeed, RejectLevel } from "./reject_feed.ts";
import type { StageEvent } from "./report.ts";
import { createOperator } from "./row_errors.ts";
import type { Supervision } from "./supervise.ts";
import { Wake } from "./wake.ts";

/** What a run offers to all of its stages. */
export interface StageServices {
  readonly vocabulary: Vocabulary;
  readonly limits: Limits;
  readonly budget: Budget;
  readonly abort: SignalSource;
  reject(reject: Reject, told?: RejectTold): void;
  lines(count: number, empty?: number): void;
  notice(key: string, value: object | string): void;
  event(event: Omit<StageEvent, "at">): void;
  readonly resources: Resources;
  /** Set when stages that throw are made anew. */
  readonly supervision?: Supervision | undefined;
  /** Hears of work that goes on between two calls. */
  meanwhile?(work: Promise<unknown>): void;
  /** Holds back what stages tell until it is certain; it is at once where this is missing. */
  readonly held?: HeldBack | undefined;
}

type NestedOptions = NonNullable<Parameters<StageContext["nested"]>[2]>;

/** What a stage reaches of its run; a class, since a closure for each of its parts cost more than the rest of a small run. */
export class Context implements StageContext {
  readonly limits: Limits;
  readonly budget: Budget;
  readonly vocabulary: Vocabulary;
  readonly schema: Schema;
  readonly demand: Demand;
  readonly resources: Resources;
  #teller: Teller | undefined;

  constructor(
    readonly services: StageServices,
    readonly stage: PlanStage,
    { schema, demand }: Edges,
    readonly place: Place,
    readonly probe: Probe | null,
    readonly common: object | null = null,
  ) {
    this.limits = services.limits;
    this.budget = services.budget;
    this.vocabulary = services.vocabulary;
    this.resources = services.resources;
    this.schema = schema;
    this.demand = demand;
  }

  get signal(): AbortSignal {
    return this.services.abort.signal;
  }

  lines(count: number, empty?: number): void {
    const { services } = this;
    if (services.held === undefined) services.lines(count, empty);
    else services.held.say(() => services.lines(count, empty));
  }

  notice(key: string, value: object | string): void {
    this.services.notice(key, value);
  }

  fact(name: string, value: number | string, level?: "level"): void {
    const { probe, services } = this;
    if (probe === null) return;
    const teller = this.#teller ??= new Teller(() => probe.facts ??= new Facts());
    const fact = { name, value, level };
    if (services.held === undefined) teller.tell(fact);
    else services.held.tell(teller, fact);
  }

  meanwhile(work: Promise<unknown>): void {
    this.services.meanwhile?.(work);
  }

  event(name: string, attributes: Readonly<Record<string, number | string>> = {}): void {
    const { probe, services } = this;
    if (probe === null) return;
    services.event({ stage: probe.stage, index: probe.index, name, attributes });
  }

  wake(): void {
    this.place.wake.ring();
  }

  below(): BelowFigures | null {
    return this.place.below()?.figures() ?? null;
  }

  reject(told: StageReject): void {
    const { services } = this;
    if (services.held === undefined) this.#reject(told);
    else services.held.say(() => this.#reject(told), rejectBytes(told));
  }

  #reject(told: StageReject): void {
    const { place, probe, services, stage } = this;
    const reject = rejectOf(told, stage.stage);
    probe?.rejects.add(reject.class);
    const feed = place.level.below(place.index);
    feed?.add(reject);
    services.reject(reject, { policy: onErrorOf(stage), taken: feed !== undefined });
  }

  rejectsAbove(): RejectSource {
    const { place } = this;
    const feed = new RejectFeed(this.budget, () => place.wake.ring());
    place.level.set(place.index, feed);
    return feed;
  }

  nested(plan: Plan, label: string, options?: NestedOptions): Operator<Batch, Batch> {
    return this.#makeNested(plan, label, options)();
  }

  nestedFactory(plan: Plan, label: string): (observed?: boolean) => Operator<Batch, Batch> {
    return this.#makeNested(plan, label);
  }

  attempts(plan: Plan, label: string): () => Attempt {
    const make = this.#makeNested(plan, label);
    return () => {
      const told = new HeldBack(this.budget, this.services.held);
      return { operator: make(true, { ...this.services, held: told }), told };
    };
  }

  #makeNested(plan: Plan, label: string, { ring, rows = this.schema }: NestedOptions = {}) {
    const { place, services, stage, demand } = this;
    return nest(plan, { schema: rows, demand }, services, {
      below: UNOBSERVED.below,
      prefix: `${place.prefix}${stage.stage}.${label}.`,
      path: `${place.path}/${label}`,
      probes: place.probes,
      listed: place.listed,
      wake: ring === undefined ? place.wake : Wake.calling(ring),
      level: place.level,
      index: place.index,
    });
  }
}

/** The error of making a stage for a snapshot whose rows must not go through it. */
function outward({ stage }: PlanStage): Error {
  return new Error(
    `\`${stage}\` reaches out of the server, so only final rows go through it`,
  );
}

/**
 * Makes a nested pipeline as one operator, as often as it is called; each instance is observed by the same probes, and may
 * have services of its own. What an instance makes after its first operator of a stage is for snapshots, and is not observed.
 */
function nest(
  plan: Plan,
  around: Edges,
  services: StageServices,
  place: Place,
): (observed?: boolean, own?: StageServices) => Operator<Batch, Batch> {
  const schemas = schemasOf(plan, around.schema, services.vocabulary);
  const demands = demandsOf(plan, services.vocabulary, around.demand);
  // Feeds of rejects are an instance's own; where there are none, all instances stand in one place.
  const takesRejects = plan.stages.some(({ stage }) =>
    services.vocabulary.stages.get(stage)!.takesRejects
  );
  const common = takesRejects ? null : new RejectLevel(place.level, place.index);
  const makers = plan.stages.map((stage, index) => {
    const definition = services.vocabulary.stages.get(stage.stage)!;
    const edges = { schema: schemas[index]!, demand: demands[index]! };
    const below = () => place.probes?.get(`${place.path}/${index + 1}`);
    const path = `${place.path}/${index}`;
    const seenAt: Place = { ...place, below, path, level: common ?? place.level, index };
    const shared = {};
    const create = (level: RejectLevel, probe: Probe | null, own: StageServices) => {
      const apart = probe === null ? { ...UNOBSERVED, wake: place.wake } : seenAt;
      const at = apart === seenAt && level === common ? seenAt : { ...apart, level, index };
      return createOperator(
        definition,
        stage,
        new Context(own, stage, edges, at, probe, shared),
      );
    };
    return (watched: boolean, level: RejectLevel, own: StageServices) => {
      let made = false;
      return () => {
        const first = !made;
        made = true;
        if (!first || place.probes === null || !watched) {
          const apart = create(first ? level : new RejectLevel(), null, own);
          // What asks or writes has something to finish; a table that is there already has not.
          if ((first && watched) || !definition.reachesOut || !apart.finish) return apart;
          apart.dispose?.();
          throw outward(stage);
        }
        const probe = probeFor(definition, stage, seenAt, services.limits);
        return observed(create(level, probe, own), probe, true, own.held?.countsOf(probe));
      };
    };
  });
  return (watched = true, own = services) => {
    const level = common ?? new RejectLevel(place.level, place.index);
    return chain(makers.map((make) => make(watched, level, own)));
  };
}
