/**
 * Where a stage stands in its plan, and the probe of that place.
 * @module
 */
import type { PlanStage } from "../language/syntax.ts";
import type { Limits } from "../limits.ts";
import type { AnyStage } from "../stage.ts";
import { Probe } from "./probe.ts";
import type { RejectLevel } from "./reject_feed.ts";
import { Wake } from "./wake.ts";

/** A stage's place, as it is known while the plan is assembled. */
export interface Place {
  /** The probe of the stage below, once it is there. */
  below(): Probe | undefined;
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

/** The place of a stage that nobody looks at. */
export const UNOBSERVED = {
  below: () => undefined,
  prefix: "",
  path: "",
  probes: null,
  listed: [],
  wake: new Wake(),
};

/** The probe of a place, made when it is first asked for. */
export function probeFor(
  definition: AnyStage,
  stage: PlanStage,
  place: Place,
  limits: Limits,
  madeAt?: number,
): Probe {
  const known = place.probes?.get(place.path);
  if (known !== undefined) return known;
  const bound = definition.queue?.(stage.arguments) ?? { bytes: limits.edgeBytes };
  const unit = "rows" in bound ? "rows" : "bytes";
  const size = "rows" in bound ? bound.rows : bound.bytes;
  const probe = new Probe(place.prefix + stage.stage, place.listed.length, unit, size, madeAt);
  place.probes?.set(place.path, probe);
  place.listed.push(probe);
  return probe;
}
