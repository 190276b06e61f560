/**
 * An upload that is here as a whole: through all stages by direct calls, with no stream between two of them.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { AssembledStage } from "./assemble.ts";
import { NOTHING } from "../stage.ts";
import type { AnyOperator, Chunk } from "./chain.ts";
import type { SignalSource } from "./lazy_abort.ts";
import { stepsOf } from "./steps.ts";

/** What the straight way is asked for. */
export interface StraightOptions {
  readonly abort: SignalSource;
  /** Takes what comes out of the last stage; a promise holds everything back until it resolves. */
  write(batch: Batch): Promise<void> | undefined;
  /** Runs when the first stage has given everything; may throw. */
  afterFirst(): void;
}

/** Whether every stage gives output only when it is called with input, so that {@link straight} can run them. */
export function isStraight(stages: readonly AssembledStage[]): boolean {
  return stages.every(({ operator }) => operator.take === undefined);
}

/**
 * Pushes `upload` through `stages` and lets each finish in turn, as the streams would: stages above one that is
 * `done` are not finished. Undefined when all of it is done on return, which is so unless a stage or the writing waits:
 * the eight stream ends and pipes of a small plan would cost more than its work. Holds what the stages give for one chunk.
 */
export function straight(
  stages: readonly AssembledStage[],
  upload: Uint8Array,
  options: StraightOptions,
): Promise<void> | undefined {
  const steps = walk(stages.map((stage) => stage.operator), upload, options);
  const first = steps.next();
  return first.done ? undefined : waitThrough(steps, first.value, options.abort);
}

/** Steps that yield what must be waited for, and get back what it resolved with. */
type Steps<Result> = Generator<Promise<unknown>, Result, unknown>;

async function waitThrough(
  steps: Steps<void>,
  first: Promise<unknown>,
  abort: SignalSource,
): Promise<void> {
  try {
    for (let pending = first;;) {
      const value = await pending;
      abort.signal.throwIfAborted();
      const step = steps.next(value);
      if (step.done) return;
      pending = step.value;
    }
  } finally {
    steps.return();
  }
}

function* walk(
  operators: readonly AnyOperator[],
  upload: Uint8Array,
  options: StraightOptions,
): Steps<void> {
  if (lastDone(operators) < 0) {
    const pushing = push(operators, 0, upload, options);
    if (pushing !== undefined) yield pushing;
  }
  for (let at = Math.max(0, lastDone(operators)); at < operators.length; at++) {
    const rest = operators[at]!.finish?.() ?? NOTHING;
    if (rest !== NOTHING) yield* pass(rest, operators, at, options);
    if (at === 0) options.afterFirst();
    at = Math.max(at, lastDone(operators) - 1);
  }
}

/** Passes the `rest` that the operator `at` finishes with on to those below it. */
function* pass(
  rest: Iterable<Batch> | AsyncIterable<Batch>,
  operators: readonly AnyOperator[],
  at: number,
  options: StraightOptions,
): Steps<void> {
  for (const step of Symbol.asyncIterator in rest ? stepsOf(rest) : rest) {
    if (step instanceof Promise) {
      yield step;
      continue;
    }
    const pushing = push(operators, at + 1, step, options);
    if (pushing !== undefined) yield pushing;
    if (lastDone(operators) > at) return;
  }
}

/** Undefined when it is through on return, which is the rule: steps for each call would cost more than the calls. */
function push(
  operators: readonly AnyOperator[],
  at: number,
  chunk: Chunk,
  options: StraightOptions,
): Promise<void> | undefined {
  const operator = operators[at];
  if (operator === undefined) return options.write(chunk as Batch);
  const pushed = operator.push(chunk);
  if (pushed instanceof Promise) return pushLater(operators, at + 1, pushed, options);
  for (let index = 0; index < pushed.length; index++) {
    if (operators[at + 1]?.done) return undefined;
    const pushing = push(operators, at + 1, pushed[index]!, options);
    if (pushing === undefined) continue;
    const rest = pushing.then(() => pushed.slice(index + 1));
    return pushLater(operators, at + 1, rest, options);
  }
  return undefined;
}

/** Pushes what comes into the stage `at`, one after the other. */
async function pushLater(
  operators: readonly AnyOperator[],
  at: number,
  coming: Promise<readonly Batch[]>,
  options: StraightOptions,
): Promise<void> {
  const outputs = await coming;
  for (const output of outputs) {
    options.abort.signal.throwIfAborted();
    if (operators[at]?.done) return;
    await push(operators, at, output, options);
  }
}

/** The last operator that wants no more; -1 when all want more. */
function lastDone(operators: readonly AnyOperator[]): number {
  let at = operators.length - 1;
  while (at >= 0 && operators[at]!.done !== true) at--;
  return at;
}
