/**
 * `sum` and `avg`.
 * @module
 */
import type { Column } from "../batch/column.ts";
import { finiteOrNull } from "../expression/values.ts";
import type {
  Accumulator,
  AccumulatorContext,
  AggregateDefinition,
  NumberParts,
} from "./aggregate.ts";
import { ExactSums } from "./exact_sums.ts";
import { NumberScratch } from "./numbers.ts";
import { NumberStates } from "./states.ts";

interface SumState {
  readonly sums: readonly Float64Array[];
  readonly counts: Float64Array;
}

class Sum implements Accumulator {
  readonly #sums: ExactSums;
  readonly #counts: NumberStates;
  readonly #scratch = new NumberScratch();
  readonly #mean: boolean;
  #groups = 0;

  constructor(context: AccumulatorContext, mean: boolean) {
    this.#sums = new ExactSums(context);
    this.#counts = new NumberStates(context);
    this.#mean = mean;
  }

  grow(groups: number): void {
    this.#groups = groups;
    this.#sums.grow(groups);
    this.#counts.grow(groups);
  }

  add(groups: Int32Array, rows: Uint32Array, count: number, columns: readonly Column[]): void {
    const numbers = this.#scratch.read(columns[0]!, rows, count);
    this.#sums.addAll(groups, numbers, count, this.#counts.values);
  }

  numberParts(): NumberParts {
    return { sums: this.#sums, counts: this.#counts };
  }

  result(group: number): number | null {
    return this.#mean ? this.mean(group) : this.sum(group);
  }

  sum(group: number): number | null {
    return this.#counts.values[group] === 0 ? null : finiteOrNull(this.#sums.get(group)[0]);
  }

  mean(group: number): number | null {
    const count = this.#counts.values[group]!;
    return count === 0 ? null : finiteOrNull(this.#sums.get(group)[0] / count);
  }

  save(): SumState {
    return {
      sums: this.#sums.save(this.#groups),
      counts: this.#counts.values.slice(0, this.#groups),
    };
  }

  merge(state: unknown, groups: Int32Array): void {
    const { sums, counts } = state as SumState;
    this.#sums.merge(sums, groups);
    for (let index = 0; index < groups.length; index++) {
      this.#counts.values[groups[index]!]! += counts[index]!;
    }
  }
}

/** The sum in double-double precision, see exact_sums.ts; null for no numbers, as in SQL. 24 bytes a group. */
export const sum: AggregateDefinition = {
  name: "sum",
  signature: "sum(number)",
  summary:
    "The sum of the numbers; true counts as 1, text that is not a number is left out; null when there are none",
  arity: [1, 1],
  literals: 0,
  result: () => "number",
  create: (_literals, context) => new Sum(context, false),
  shared: { family: "sum", read: (state, group) => (state as Sum).sum(group) },
};

/** The mean: {@link sum} over the count of numbers. 24 bytes a group. */
export const avg: AggregateDefinition = {
  name: "avg",
  signature: "avg(number)",
  summary:
    "The mean of the numbers; of a condition, the share of rows that meet it; null when there are none",
  arity: [1, 1],
  literals: 0,
  result: () => "number",
  create: (_literals, context) => new Sum(context, true),
  shared: { family: "sum", read: (state, group) => (state as Sum).mean(group) },
};
