/**
 * What a run offers to its stages.
 * @module
 */
import { RunBudget } from "./budget.ts";
import type { EventLog } from "./event_log.ts";
import type { SignalSource } from "./lazy_abort.ts";
import type { Notices } from "./notices.ts";
import type { Rejects } from "./rejects.ts";
import type { RunInput } from "./run_input.ts";
import type { StageServices } from "./stage_context.ts";

/** The parts of a run that its stages tell. */
export interface RunParts {
  readonly abort: SignalSource;
  readonly rejects: Rejects;
  readonly notices: Notices;
  readonly events: EventLog;
}

/** The services of a run of `input`, with a budget of their own. */
export function servicesOf(
  { vocabulary, limits, resources, options: { supervision } }: RunInput,
  { abort, rejects, notices, events }: RunParts,
): StageServices {
  return {
    vocabulary,
    limits,
    budget: new RunBudget(limits.maxStateBytes),
    abort,
    reject: (reject, told) => rejects.add(reject, told),
    lines: (count) => void (rejects.lines += count),
    notice: (key, value) => notices.add(key, value),
    event: (event) => events.add(event),
    resources,
    supervision,
  };
}
