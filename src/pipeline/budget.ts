/**
 * The memory budget of a run.
 * @module
 */
import { RunError } from "../errors.ts";
import type { Budget } from "../stage.ts";

/** Counts the bytes that the stages of one run declare, and fails the run when they outgrow `maxBytes`. */
export class RunBudget implements Budget {
  #used = 0;
  constructor(readonly maxBytes: number) {}

  take(bytes: number): void {
    this.#used += bytes;
    // Who gives back has asked for nothing, even where others still hold too much.
    if (bytes <= 0 || this.#used <= this.maxBytes) return;
    throw new RunError(
      "budget_exceeded",
      `The pipeline needs more than ${this.maxBytes} bytes of state; group by fewer keys, filter first, or raise MAX_STATE`,
      { limitBytes: this.maxBytes, neededBytes: this.#used },
    );
  }

  /** Bytes declared now. */
  get used(): number {
    return this.#used;
  }
}

/** For what is held only while it is looked at, or is bounded by other means. */
export const UNCOUNTED: Budget = { take: () => {} };
