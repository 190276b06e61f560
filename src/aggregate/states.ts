/**
 * Room for one number a group: typed arrays that grow by doubling and are declared to the budget.
 * @module
 */
import { shortFloat64s } from "../batch/short_arrays.ts";
import type { AccumulatorContext } from "./aggregate.ts";

const FIRST_GROUPS = 64;
/** One for all: to make an empty array costs as much as a small one. */
const NO_NUMBERS = new Float64Array(0);

/** One Float64 a group, 8 bytes each and the slack of doubling; `initial` where nothing was written. */
export class NumberStates {
  values = NO_NUMBERS;
  readonly #context: AccumulatorContext;
  readonly #initial: number;

  constructor(context: AccumulatorContext, initial = 0) {
    this.#context = context;
    this.#initial = initial;
  }

  /** Makes room for groups `[0, groups)`; throws past the budget. `values` is then another array. */
  grow(groups: number): void {
    const old = this.values;
    if (groups <= old.length) return;
    const capacity = capacityFor(groups, old.length);
    this.#context.take(8 * capacity);
    this.values = shortFloat64s(capacity).fill(this.#initial, old.length);
    this.values.set(old);
    this.#context.take(-old.byteLength);
  }
}

/** One byte a group, from 0. */
export class ByteStates {
  values = new Uint8Array(0);
  readonly #context: AccumulatorContext;

  constructor(context: AccumulatorContext) {
    this.#context = context;
  }

  /** As {@link NumberStates.grow}. */
  grow(groups: number): void {
    const old = this.values;
    if (groups <= old.length) return;
    const capacity = capacityFor(groups, old.length);
    this.#context.take(capacity);
    this.values = new Uint8Array(capacity);
    this.values.set(old);
    this.#context.take(-old.byteLength);
  }
}

/** One group is what most windows have, and there are many of them; whatever has two will have more. */
function capacityFor(groups: number, old: number): number {
  if (groups === 1) return 1;
  return Math.max(groups, 2 * old, FIRST_GROUPS);
}
