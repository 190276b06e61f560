/**
 * `rate(time)`: how many rows a second.
 * @module
 */
import type { Column } from "../batch/column.ts";
import { finiteOrNull } from "../expression/values.ts";
import type { Accumulator, AccumulatorContext, AggregateDefinition } from "./aggregate.ts";
import { NumberScratch, readTimes } from "./numbers.ts";
import { NumberStates } from "./states.ts";

interface RateState {
  readonly counts: Float64Array;
  readonly earliest: Float64Array;
  readonly latest: Float64Array;
}

class Rate implements Accumulator {
  readonly #counts: NumberStates;
  readonly #earliest: NumberStates;
  readonly #latest: NumberStates;
  readonly #scratch = new NumberScratch();
  #groups = 0;

  constructor(context: AccumulatorContext) {
    this.#counts = new NumberStates(context);
    this.#earliest = new NumberStates(context, Infinity);
    this.#latest = new NumberStates(context, -Infinity);
  }

  grow(groups: number): void {
    this.#groups = groups;
    this.#counts.grow(groups);
    this.#earliest.grow(groups);
    this.#latest.grow(groups);
  }

  add(groups: Int32Array, rows: Uint32Array, count: number, columns: readonly Column[]): void {
    const times = this.#scratch.room(count);
    readTimes(columns[0]!, rows, count, times);
    for (let index = 0; index < count; index++) {
      const time = times[index]!;
      if (time === time) this.#include(groups[index]!, 1, time, time);
    }
  }

  #include(group: number, count: number, earliest: number, latest: number): void {
    this.#counts.values[group]! += count;
    if (earliest < this.#earliest.values[group]!) this.#earliest.values[group] = earliest;
    if (latest > this.#latest.values[group]!) this.#latest.values[group] = latest;
  }

  result(group: number): number | null {
    const spanMs = this.#latest.values[group]! - this.#earliest.values[group]!;
    return spanMs > 0 ? finiteOrNull(this.#counts.values[group]! / (spanMs / 1000)) : null;
  }

  save(): RateState {
    return {
      counts: this.#counts.values.slice(0, this.#groups),
      earliest: this.#earliest.values.slice(0, this.#groups),
      latest: this.#latest.values.slice(0, this.#groups),
    };
  }

  merge(state: unknown, groups: Int32Array): void {
    const { counts, earliest, latest } = state as RateState;
    for (let index = 0; index < groups.length; index++) {
      this.#include(groups[index]!, counts[index]!, earliest[index]!, latest[index]!);
    }
  }
}

/** Rows with a time, over the seconds between the earliest and the latest; null when those are the same. 24 bytes a group. */
export const rate: AggregateDefinition = {
  name: "rate",
  signature: "rate(time)",
  summary:
    "Rows a second between the earliest and the latest time; null when all have the same time",
  arity: [1, 1],
  literals: 0,
  result: () => "number",
  create: (_literals, context) => new Rate(context),
};
