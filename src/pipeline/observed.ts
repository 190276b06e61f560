/**
 * Observing a stage: a wrapper around its operator that it does not know of.
 * @module
 */
import { NOTHING, type Operator, type Outputs } from "../stage.ts";
import type { Probe } from "./probe.ts";
import { type Steps, stepsOf, stepwise } from "./steps.ts";

/**
 * The operator with its work timed and counted by `probe`; the rest of it is passed on. A probe that several operators
 * share is closed by whoever made it.
 */
export function observed<In, Out>(
  operator: Operator<In, Out>,
  probe: Probe,
  shared = false,
): Operator<In, Out> {
  return new Observed(operator, probe, shared);
}

/** A class, since an object of closures for each stage of each run is half the cost of a small one. */
class Observed<In, Out> implements Operator<In, Out> {
  readonly take?: () => Outputs<Out> | Promise<Outputs<Out>>;
  readonly offer?: (chunk: In) => void;
  readonly snapshot?: () => Iterable<Out>;
  readonly save?: () => unknown;
  readonly restore?: (state: unknown) => void;
  readonly merge?: (state: unknown) => void;

  constructor(
    readonly operator: Operator<In, Out>,
    readonly probe: Probe,
    readonly shared: boolean,
  ) {
    if (operator.take) {
      this.take = () => {
        probe.working();
        return this.#counted(operator.take!());
      };
    }
    if (operator.offer) {
      this.offer = (chunk) => {
        probe.countIn(chunk);
        operator.offer!(chunk);
      };
    }
    if (operator.snapshot) this.snapshot = () => operator.snapshot!();
    if (operator.save) this.save = () => operator.save!();
    if (operator.restore) this.restore = (state) => operator.restore!(state);
    if (operator.merge) this.merge = (state) => operator.merge!(state);
  }

  get done(): boolean {
    return this.operator.done ?? false;
  }

  get full(): boolean {
    return this.operator.full ?? false;
  }

  push(chunk: In): Outputs<Out> | Promise<Outputs<Out>> {
    this.probe.countIn(chunk);
    this.probe.working();
    return this.#counted(this.operator.push(chunk));
  }

  finish(): Iterable<Out> | AsyncIterable<Out> {
    this.probe.working();
    const rest = this.operator.finish?.() ?? NOTHING;
    return Symbol.asyncIterator in rest
      ? stepwise(() => observedSteps(rest, this.probe))
      : observedNow(rest, this.probe);
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
    for (const output of outputs) this.probe.countOut(output);
    this.probe.worked();
    return outputs;
  }
}

function* observedSteps<Out>(rest: AsyncIterable<Out>, probe: Probe): Steps<Out> {
  for (const step of stepsOf(rest)) {
    if (step instanceof Promise) {
      yield step;
      continue;
    }
    probe.countOut(step);
    probe.waiting();
    yield step;
    probe.working();
  }
  probe.resting();
}

/** As {@link observedSteps}, for what is there without waiting. */
function* observedNow<Out>(rest: Iterable<Out>, probe: Probe): Generator<Out> {
  for (const output of rest) {
    probe.countOut(output);
    probe.waiting();
    yield output;
    probe.working();
  }
  probe.resting();
}
