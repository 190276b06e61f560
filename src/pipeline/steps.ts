/**
 * Steps: work that may have to wait, written once. A generator gives its outputs and, where it has to wait, a promise in
 * between; whoever drives it decides whether waiting is possible, and stays synchronous while nothing waits.
 * @module
 */
import type { Outputs } from "../stage.ts";

/** Outputs in order, with promises among them: after one, the next step is asked for when it has resolved. */
export type Steps<Out, Result = void> = Generator<Out | Promise<unknown>, Result, void>;

/** An iterable that can be read at once, which throws when something waits, or with `for await`, or step by step. */
export interface Stepwise<Out> extends Iterable<Out>, AsyncIterable<Out> {
  steps(): Steps<Out>;
}

/** The three ways to read what `steps` gives. */
export function stepwise<Out>(steps: () => Steps<Out>): Stepwise<Out> {
  return {
    steps,
    *[Symbol.iterator]() {
      for (const step of steps()) {
        if (!(step instanceof Promise)) yield step;
        else {
          step.catch(() => {});
          throw waits();
        }
      }
    },
    async *[Symbol.asyncIterator]() {
      for (const step of steps()) {
        if (step instanceof Promise) await step;
        else yield step;
      }
    },
  };
}

/** The steps of what an operator finishes with; without a promise where that can be read at once. */
export function* stepsOf<Out>(rest: Iterable<Out> | AsyncIterable<Out>): Steps<Out> {
  if ("steps" in rest) yield* (rest as Stepwise<Out>).steps();
  else if (Symbol.asyncIterator in rest) yield* asyncSteps(rest[Symbol.asyncIterator]());
  else yield* rest;
}

/** What `result` is, or will be. */
export function* settled<Result>(result: Result | Promise<Result>): Steps<never, Result> {
  if (!(result instanceof Promise)) return result;
  let value: { readonly of: Result } | null = null;
  yield result.then((of) => void (value = { of }));
  return value!.of;
}

/** What `promise` resolves with; what it rejects with is thrown here, where it can be caught, and not at the driver. */
export function* awaited<Result>(promise: Promise<Result>): Steps<never, Result> {
  const outcome = yield* settled(
    promise.then((of) => ({ of }), (fault: unknown) => ({ fault })),
  );
  if ("fault" in outcome) throw outcome.fault;
  return outcome.of;
}

/** All that `steps` give: at once where nothing waits. */
export function collect<Out>(steps: Steps<Out>): Outputs<Out> | Promise<Outputs<Out>> {
  const all: Out[] = [];
  for (let next = steps.next(); !next.done; next = steps.next()) {
    if (next.value instanceof Promise) return collectWaiting(next.value, steps, all);
    all.push(next.value);
  }
  return all;
}

/** The error of reading at once what has to wait. */
export function waits(): Error {
  return new Error(
    "Cannot take a snapshot through a stage that waits; put it before the first aggregate",
  );
}

async function collectWaiting<Out>(
  first: Promise<unknown>,
  steps: Steps<Out>,
  all: Out[],
): Promise<Outputs<Out>> {
  try {
    await first;
    for (const step of steps) {
      if (step instanceof Promise) await step;
      else all.push(step);
    }
    return all;
  } finally {
    // Nobody else ends the steps when the first promise rejects.
    steps.return();
  }
}

function* asyncSteps<Out>(iterator: AsyncIterator<Out>): Steps<Out> {
  let over = false;
  try {
    for (;;) {
      const next = yield* settled(iterator.next());
      over = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    if (!over) void iterator.return?.().catch(() => {});
  }
}
