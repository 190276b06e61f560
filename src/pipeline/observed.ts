/**
 * Observing a stage: a wrapper around its operator that it does not know of.
 * @module
 */
import { NOTHING, type Operator, type Outputs } from "../stage.ts";
import type { Counts } from "./counts.ts";
import type { Probe } from "./probe.ts";
import { type Steps, stepsOf, stepwise } from "./steps.ts";

/**
 * The operator with its work timed by `probe` and counted there, or in `counts`; the rest of it is passed on. A probe that
 * several operators share is closed by whoever made it.
 */
export function observed<In, Out>(
  operator: Operator<In, Out>,
  probe: Probe,
  shared = false,
  counts: Counts = probe.counts,
): Operator<In, Out> {
  // Its getters are undefined where the operator has no such method, which to callers is the same as being absent.
  return new Observed(operator, probe, shared, counts) as Operator<In, Out>;
}

/**
 * A class, and getters for what most runs never ask for: closures kept in each object of each run outlive it by a
 * collection on V8, and cost more than all else here.
 */
class Observed<In, Out> {
  constructor(
    readonly operator: Operator<In, Out>,
    readonly probe: Probe,
    readonly shared: boolean,
    readonly counts: Counts,
  ) {}

  get take(): Operator<In, Out>["take"] | undefined {
    const { operator, probe } = this;
    if (operator.take === undefined) return undefined;
    return () => {
      probe.working();
      return this.#counted(operator.take!());
    };
  }

  get offer(): Operator<In, Out>["offer"] | undefined {
    const { operator, counts } = this;
    if (operator.offer === undefined) return undefined;
    return (chunk) => {
      counts.countIn(chunk);
      operator.offer!(chunk);
    };
  }

  get snapshot(): Operator<In, Out>["snapshot"] | undefined {
    return this.operator.snapshot?.bind(this.operator);
  }

  get save(): Operator<In, Out>["save"] | undefined {
    return this.operator.save?.bind(this.operator);
  }

  get restore(): Operator<In, Out>["restore"] | undefined {
    return this.operator.restore?.bind(this.operator);
  }

  get merge(): Operator<In, Out>["merge"] | undefined {
    return this.operator.merge?.bind(this.operator);
  }

  get done(): boolean {
    return this.operator.done ?? false;
  }

  get full(): boolean {
    return this.operator.full ?? false;
  }

  push(chunk: In): Outputs<Out> | Promise<Outputs<Out>> {
    this.counts.countIn(chunk);
    this.probe.working();
    return this.#counted(this.operator.push(chunk));
  }

  finish(): Iterable<Out> | AsyncIterable<Out> {
    if (this.operator.finish === undefined) return NOTHING;
    this.probe.working();
    const rest = this.operator.finish();
    if (rest === NOTHING) {
      this.probe.resting();
      return NOTHING;
    }
    return Symbol.asyncIterator in rest
      ? stepwise(() => observedSteps(rest, this.probe, this.counts))
      : observedNow(rest, this.probe, this.counts);
  }

  dispose(): void {
    if (!this.shared) this.probe.close();
    this.operator.dispose?.();
  }

  #counted(outputs: Outputs<Out> | Promise<Outputs<Out>>): Outputs<Out> | Promise<Outputs<Out>> {
    if (outputs instanceof Promise) return outputs.then((ready) => this.#count(ready));
    return this.#count(outputs);
  }

  #count(outputs: Outputs<Out>): Outputs<Out> {
    for (const output of outputs) this.counts.countOut(output);
    this.probe.worked(this.counts);
    return outputs;
  }
}

function* observedSteps<Out>(rest: AsyncIterable<Out>, probe: Probe, counts: Counts): Steps<Out> {
  for (const step of stepsOf(rest)) {
    if (step instanceof Promise) {
      yield step;
      continue;
    }
    counts.countOut(step);
    probe.waiting();
    yield step;
    probe.working();
  }
  probe.resting();
}

/** As {@link observedSteps}, for what is there without waiting. */
function* observedNow<Out>(rest: Iterable<Out>, probe: Probe, counts: Counts): Generator<Out> {
  for (const output of rest) {
    counts.countOut(output);
    probe.waiting();
    yield output;
    probe.working();
  }
  probe.resting();
}
