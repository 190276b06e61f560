/**
 * From a plan to operators: each stage created with its context and wrapped by its observer.
 * @module
 */
import type { Plan } from "../language/syntax.ts";
import type { AnyOperator } from "./chain.ts";
import { edgesOf, reachesOut, type Sharing, sharingOf } from "./edges.ts";
import { observed } from "./observed.ts";
import { type Place, probeFor, UNOBSERVED } from "./place.ts";
import type { Probe } from "./probe.ts";
import { RejectLevel } from "./reject_feed.ts";
import { createOperator } from "./row_errors.ts";
import { type Keeps, keepsOf } from "./spent.ts";
import { Context, type StageServices } from "./stage_context.ts";
import { supervised } from "./supervise.ts";
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
  const madeAt = performance.now();
  const listed: Probe[] = [];
  const probes = new Map<string, Probe>();
  const level = new RejectLevel();
  let levels: WeakMap<StageServices, RejectLevel> | null = null;
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
    const probe = probeFor(definition, stage, place, services.limits, madeAt);
    const edges = edgesOfPlan[index]!;
    const create = (own: StageServices) =>
      createOperator(definition, stage, new Context(own, stage, edges, place, probe));
    // What waits for a stage that takes rejects is not its state, and would not come again.
    const supervision = definition.takesRejects ? undefined : services.supervision;
    const operator = supervision === undefined ? create(services) : supervised({
      make: (told) => create({ ...services, ...told }),
      context: new Context(services, stage, edges, place, probe),
      kind: definition.kind,
      supervision,
    });
    return {
      name: stage.stage,
      probe,
      wake: place.wake,
      reachesOut: reachesOut(stage, services.vocabulary),
      shares: sharingOf(stage, services.vocabulary),
      keeps: supervision === undefined ? keepsOf(stage, services.vocabulary, operator) : "input",
      operator: observed(operator, probe),
      room: () => level.below(index)?.room(),
      over: () => level.get(index)?.close(),
      fresh: (others) => {
        levels ??= new WeakMap();
        const among = levels.get(others) ?? new RejectLevel();
        levels.set(others, among);
        const apart = { ...UNOBSERVED, level: among, index };
        return createOperator(definition, stage, new Context(others, stage, edges, apart, null));
      },
    };
  });
  return { stages, probes: listed };
}
