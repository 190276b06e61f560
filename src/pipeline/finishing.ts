/**
 * What a stage finishes with, when it may have to finish more than once.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { AnyOperator } from "./chain.ts";
import type { HeldBack } from "./held_back.ts";
import { awaited, type Steps, stepsOf } from "./steps.ts";
import { NOTHING } from "../stage.ts";

/** Counts what came out of a stage that finishes, so that it can be left out when the stage does so again. */
export class Finishing {
  #rows = 0;
  #effects = 0;
  #shut: (() => number) | null = null;
  #begun = false;

  constructor(readonly held: HeldBack) {}

  /** Whether anything may have come out. */
  get begun(): boolean {
    return this.#begun;
  }

  /** From now on lines and rejects are told at once, but for as many as were told before. */
  readonly resume = (): void => {
    this.#begun = true;
    this.#shut = this.held.open(this.#effects);
  };

  /** From now on they are held back. */
  stop(): void {
    this.#effects = this.#shut?.() ?? this.#effects;
    this.#shut = null;
  }

  /** What comes next follows what came out, and repeats nothing of it. */
  forget(): void {
    this.#rows = this.#effects = 0;
  }

  /** What the operator finishes with but its first rows, which are those that came out already. */
  *once(operator: AnyOperator): Steps<Batch> {
    let repeated = this.#rows;
    for (const step of stepsOf(operator.finish?.() ?? NOTHING)) {
      if (step instanceof Promise) {
        yield* awaited(step);
        continue;
      }
      const known = Math.min(repeated, step.length);
      repeated -= known;
      if (known > 0 && known === step.length) continue;
      this.#rows += step.length - known;
      yield known === 0 ? step : step.slice(known, step.length);
    }
  }
}
