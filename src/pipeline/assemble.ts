/**
 * From a plan to operators: each stage created with its context and wrapped by its observer.
 * @module
 */
import type { Plan } from "../language/syntax.ts";
import type { AnyOperator } from "./chain.ts";
import { factsOf, type Sharing, type StageFacts } from "./edges.ts";
import { observed } from "./observed.ts";
import { type Place, probeFor, UNOBSERVED } from "./place.ts";
import type { Probe } from "./probe.ts";
import { RejectLevel } from "./reject_feed.ts";
import { createOperator } from "./row_errors.ts";
import { type Keeps, keepsOf } from "./spent.ts";
import { Context, type StageServices } from "./stage_context.ts";
import { supervised, type Supervision } from "./supervise.ts";
import { Wake } from "./wake.ts";

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

/** Creates every stage of a checked `plan`. Throws only what a stage's `create` throws. */
export function assemble(plan: Plan, services: StageServices): Assembly {
  const whole = new Whole(services);
  const stages = factsOf(plan, services.vocabulary).map((facts, index) =>
    new Assembled(facts, index, whole)
  );
  return { stages, probes: whole.listed };
}

/** What the stages of one run have in common. */
class Whole {
  readonly madeAt = performance.now();
  readonly listed: Probe[] = [];
  readonly probes = new Map<string, Probe>();
  readonly level = new RejectLevel();
  #levels: WeakMap<StageServices, RejectLevel> | null = null;

  constructor(readonly services: StageServices) {}

  /** The level of the operators that are made apart with `services`. */
  levelOf(services: StageServices): RejectLevel {
    this.#levels ??= new WeakMap();
    const level = this.#levels.get(services) ?? new RejectLevel();
    this.#levels.set(services, level);
    return level;
  }
}

/** A class, since a closure for each of its parts cost more than a small run's work. */
class Assembled implements AssembledStage, Place {
  readonly operator: AnyOperator;
  readonly probe: Probe;
  readonly wake = new Wake();
  readonly #raw: AnyOperator;

  constructor(readonly facts: StageFacts, readonly index: number, readonly whole: Whole) {
    const { definition, stage } = facts;
    const { services } = whole;
    this.probe = probeFor(definition, stage, this, services.limits, whole.madeAt);
    this.#raw = this.#supervision === undefined
      ? createOperator(definition, stage, new Context(services, stage, facts, this, this.probe))
      : this.#supervised(this.#supervision);
    this.operator = observed(this.#raw, this.probe);
  }

  get name(): string {
    return this.facts.stage.stage;
  }

  get prefix(): string {
    return "";
  }

  get path(): string {
    return this.facts.path;
  }

  get probes(): Map<string, Probe> {
    return this.whole.probes;
  }

  get listed(): Probe[] {
    return this.whole.listed;
  }

  get level(): RejectLevel {
    return this.whole.level;
  }

  get reachesOut(): boolean {
    return this.facts.reachesOut;
  }

  get shares(): Sharing {
    return this.facts.shares;
  }

  get keeps(): Keeps {
    const { facts: { stage }, whole: { services } } = this;
    return this.#supervision === undefined
      ? keepsOf(stage, services.vocabulary, this.#raw)
      : "input";
  }

  /** What waits for a stage that takes rejects is not its state, and would not come again. */
  get #supervision(): Supervision | undefined {
    return this.facts.definition.takesRejects ? undefined : this.whole.services.supervision;
  }

  #supervised(supervision: Supervision): AnyOperator {
    const { facts, whole: { services } } = this;
    const { definition, stage } = facts;
    return supervised({
      make: (told) => {
        const own = new Context({ ...services, ...told }, stage, facts, this, this.probe);
        return createOperator(definition, stage, own);
      },
      context: new Context(services, stage, facts, this, this.probe),
      kind: definition.kind,
      supervision,
    });
  }

  below(): Probe | undefined {
    return this.whole.probes.get(this.facts.pathBelow);
  }

  room(): Promise<void> | undefined {
    return this.level.below(this.index)?.room();
  }

  over(): void {
    this.level.get(this.index)?.close();
  }

  fresh(services: StageServices): AnyOperator {
    const { definition, stage } = this.facts;
    const apart = { ...UNOBSERVED, level: this.whole.levelOf(services), index: this.index };
    return createOperator(definition, stage, new Context(services, stage, this.facts, apart, null));
  }
}
