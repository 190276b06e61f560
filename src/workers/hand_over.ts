/**
 * Which runs are handed over, and how such a run is put together.
 * @module
 */
import { nestedPlans } from "../language/check_plan.ts";
import { segments } from "../language/explain.ts";
import type { Plan, PlanStage } from "../language/syntax.ts";
import { assemble, type AssembledStage, type Assembly } from "../pipeline/assemble.ts";
import type { StageServices } from "../pipeline/stage_context.ts";
import { chain } from "../pipeline/chain.ts";
import type { RunInput } from "../pipeline/run_input.ts";
import { shifted } from "../reject.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { MapSegment, type Tally } from "./map_segment.ts";
import { SliceRunner } from "./slice_runner.ts";

/** What a run that may be handed over tells and is told. */
export interface HandOverHost {
  /** The upload has ended and every line was read; may throw to fail the run. */
  inputEnded(): void;
  /** Fails the run from outside of its streams. */
  fail(fault: unknown): void;
  /** A result has come back. */
  progressed(): void;
}

/**
 * How many stages of `plan`, its first aggregate being the last of them, can run on threads that speak `words`; 0 for
 * none. What is asked: a format whose upload may be cut behind any line feed; row-local stages without a bound of their
 * own; an aggregate behind them, since rows would cost more to send back than to make; no stage that takes rejects; and
 * definitions that are the threads' own.
 */
export function mapSegmentLength(plan: Plan, vocabulary: Vocabulary, words: Vocabulary): number {
  if (plan.stages.some(({ stage }) => vocabulary.stages.get(stage)?.takesRejects)) return 0;
  const { map, partial } = segments(plan, vocabulary);
  if (partial === null || map.stages.length === 0) return 0;
  const stages = [...map.stages, partial];
  const definitions = stages.map(({ stage }) => vocabulary.stages.get(stage)!);
  const theirs = stages.every((stage) => speak(words, stage, vocabulary)) &&
    vocabulary.functions === words.functions && vocabulary.aggregate === words.aggregate;
  const unbound = definitions.every(({ queue }) => queue === undefined);
  return theirs && unbound && definitions[0]!.framing === "lines" ? stages.length : 0;
}

/** Whether a stage, and those nested in it, are the same among `words`. */
function speak(words: Vocabulary, stage: PlanStage, vocabulary: Vocabulary): boolean {
  const definition = vocabulary.stages.get(stage.stage)!;
  return definition === words.stages.get(stage.stage) &&
    nestedPlans(stage, definition).every(({ stages }) =>
      stages.every((nested) => speak(words, nested, vocabulary))
    );
}

/**
/**
 * Creates every stage of a checked plan, as `assemble` does. Of an upload that is still coming, those of a map segment that the
 * pool can run become one stage of the pipeline, and stay themselves in the report. Supervised stages stay on the request thread.
 */
export function assembleFor(
  { plan, body, workers: pool }: Pick<RunInput, "plan" | "body" | "workers">,
  services: StageServices,
  host: HandOverHost,
): Assembly {
  const { vocabulary, limits } = services;
  const number = pool?.company.enter() ?? 0;
  if (pool === undefined || body instanceof Uint8Array) return assemble(plan, services);
  // A stage that throws is made anew from its own last state, which slices on threads do not have.
  const length = services.supervision !== undefined
    ? 0
    : mapSegmentLength(plan, vocabulary, pool.options.vocabulary);
  if (length === 0) return assemble(plan, services);
  const tally: Tally = { lines: 0, slicedLines: 0, slicedBytes: 0 };
  const { stages, probes } = assemble(plan, {
    ...services,
    reject: (reject, told) =>
      services.reject(shifted(reject, tally.slicedLines, tally.slicedBytes), told),
    lines: (count, empty = 0) => {
      tally.lines += count + empty;
      services.lines(count);
    },
  });
  const mapped = stages.slice(0, length);
  const aggregate = mapped.at(-1)!.operator;
  if (aggregate.save === undefined || aggregate.merge === undefined) return { stages, probes };
  const own: Plan = { stages: plan.stages.slice(0, length) };
  const operator = new MapSegment({
    operators: mapped.map((stage) => stage.operator),
    // As a runner's: each stage's followed by those of what is nested in it.
    probes: probes.slice(0, probes.indexOf(mapped.at(-1)!.probe) + 1),
    tally,
    ...services,
    signal: services.abort.signal,
    inputEnded: () => host.inputEnded(),
    wanted: (long) => pool.options.eager || (long && pool.company.disturbs(number)),
    available: () => {
      pool.wake();
      return pool.ready;
    },
    feed: {
      credits: 2 * pool.size + 1,
      open: (answer) =>
        pool.open(own, limits, (slice, what) => {
          host.progressed();
          answer(slice, what);
        }),
      makeRunner: () => new SliceRunner({ plan: own, ...services }),
      fail: (fault) => host.fail(fault),
    },
  });
  const first: AssembledStage = {
    name: mapped[0]!.name,
    operator,
    probe: mapped[0]!.probe,
    wake: mapped[0]!.wake,
    keeps: "copies",
    room: () => undefined,
    over: () => {},
    fresh: (others) => chain(mapped.map((stage) => () => stage.fresh(others))),
  };
  return { stages: [first, ...stages.slice(length)], probes };
}
