/**
 * `var` and `stddev`: of a sample (divided by n - 1), as SQL's VARIANCE and STDDEV.
 * @module
 */
import type { Column } from "../batch/column.ts";
import { finiteOrNull } from "../expression/values.ts";
import type { Accumulator, AccumulatorContext, AggregateDefinition } from "./aggregate.ts";
import { difference, ExactSums, multiply, productError } from "./exact_sums.ts";
import { NumberScratch } from "./numbers.ts";
import { NumberStates } from "./states.ts";

/** What rounding can add to a sum of squares, for each number in it: equal numbers have no spread. */
const ROUNDING = 2 ** -104;

interface SpreadState {
  readonly sums: readonly Float64Array[];
  readonly squares: readonly Float64Array[];
  readonly counts: Float64Array;
}

/**
 * Keeps the sum and the sum of squares in 106 bits in place of Welford's running mean: as steady against cancellation,
 * and merging slices gives the digits of a single pass, which Chan's merge formula does not.
 */
class Spread implements Accumulator {
  readonly #sums: ExactSums;
  readonly #squares: ExactSums;
  readonly #counts: NumberStates;
  readonly #scratch = new NumberScratch();
  readonly #root: boolean;
  #groups = 0;

  constructor(context: AccumulatorContext, root: boolean) {
    this.#sums = new ExactSums(context);
    this.#squares = new ExactSums(context);
    this.#counts = new NumberStates(context);
    this.#root = root;
  }

  grow(groups: number): void {
    this.#groups = groups;
    this.#sums.grow(groups);
    this.#squares.grow(groups);
    this.#counts.grow(groups);
  }

  add(groups: Int32Array, rows: Uint32Array, count: number, columns: readonly Column[]): void {
    const numbers = this.#scratch.read(columns[0]!, rows, count);
    for (let index = 0; index < count; index++) {
      const value = numbers[index]!;
      if (value !== value) continue;
      const group = groups[index]!;
      const square = value * value;
      this.#counts.values[group]! += 1;
      this.#sums.add(group, value);
      this.#squares.add(group, square);
      this.#squares.add(group, productError(value, value, square));
    }
  }

  result(group: number): number | null {
    const count = this.#counts.values[group]!;
    if (count < 2) return null;
    const sum = this.#sums.get(group);
    const scaled = multiply([count, 0], this.#squares.get(group));
    const spread = difference(scaled, multiply(sum, sum));
    const variance = spread > scaled[0] * count * ROUNDING ? spread / count / (count - 1) : 0;
    return finiteOrNull(this.#root ? Math.sqrt(variance) : variance);
  }

  save(): SpreadState {
    return {
      sums: this.#sums.save(this.#groups),
      squares: this.#squares.save(this.#groups),
      counts: this.#counts.values.slice(0, this.#groups),
    };
  }

  merge(state: unknown, groups: Int32Array): void {
    const { sums, squares, counts } = state as SpreadState;
    this.#sums.merge(sums, groups);
    this.#squares.merge(squares, groups);
    for (let index = 0; index < groups.length; index++) {
      this.#counts.values[groups[index]!]! += counts[index]!;
    }
  }
}

/** The sample variance; null for fewer than two numbers. 40 bytes a group. */
export const variance: AggregateDefinition = {
  name: "var",
  signature: "var(number)",
  summary: "The sample variance of the numbers (n - 1); null for fewer than two",
  arity: [1, 1],
  literals: 0,
  result: () => "number",
  create: (_literals, context) => new Spread(context, false),
};

/** The sample standard deviation; null for fewer than two numbers. 40 bytes a group. */
export const stddev: AggregateDefinition = {
  name: "stddev",
  signature: "stddev(number)",
  summary: "The sample standard deviation of the numbers (n - 1); null for fewer than two",
  arity: [1, 1],
  literals: 0,
  result: () => "number",
  create: (_literals, context) => new Spread(context, true),
};
