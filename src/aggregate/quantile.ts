/**
 * `median`, `quantile(x, 0.99)` and the family `pNN`.
 * @module
 */
import type { Column, Value } from "../batch/column.ts";
import type { Accumulator, AccumulatorContext, AggregateDefinition } from "./aggregate.ts";
import { NumberLists } from "./number_lists.ts";
import { NumberScratch } from "./numbers.ts";
import { nearestRank, QuantileSketch, type SketchState } from "./quantile_sketch.ts";
import { ranked } from "./ranked.ts";
import { NumberStates } from "./states.ts";

/** A group keeps this many numbers as they are; with one more it becomes a sketch. */
export const MAX_EXACT_NUMBERS = 256;

interface QuantileState {
  /** The exact numbers of all groups, one after the other. */
  readonly exact: Float64Array;
  /** How many of those each group has. */
  readonly counts: Uint32Array;
  readonly sketches: readonly (readonly [group: number, sketch: SketchState])[];
}

/** The numbers of each group, for any quantile of them. */
class Quantiles implements Accumulator {
  readonly #lists: NumberLists;
  /** The number of the group's sketch + 1; 0 while its numbers are kept. */
  readonly #sketchOf: NumberStates;
  readonly #sketches: QuantileSketch[] = [];
  readonly #scratch = new NumberScratch();
  readonly #context: AccumulatorContext;
  readonly #share: number;
  #groups = 0;

  constructor(context: AccumulatorContext, share: number) {
    this.#context = context;
    this.#share = share;
    this.#lists = new NumberLists((bytes) => context.take(bytes));
    this.#sketchOf = new NumberStates(context);
  }

  grow(groups: number): void {
    this.#groups = groups;
    this.#lists.grow(groups);
    this.#sketchOf.grow(groups);
  }

  add(groups: Int32Array, rows: Uint32Array, count: number, columns: readonly Column[]): void {
    const numbers = this.#scratch.read(columns[0]!, rows, count);
    for (let index = 0; index < count; index++) {
      const value = numbers[index]!;
      if (value !== value) continue;
      this.#insert(groups[index]!, value);
    }
  }

  #insert(group: number, value: number): void {
    if (this.#sketchOf.values[group] === 0 && this.#lists.size(group) < MAX_EXACT_NUMBERS) {
      this.#lists.add(group, value);
      return;
    }
    const sketch = this.#sketch(group);
    const before = sketch.bytes;
    if (sketch.add(value)) this.#context.take(sketch.bytes - before);
  }

  /** The group's sketch, made of its numbers when it had none. */
  #sketch(group: number): QuantileSketch {
    const known = this.#sketchOf.values[group]!;
    if (known > 0) return this.#sketches[known - 1]!;
    const sketch = new QuantileSketch();
    for (const value of this.#lists.read(group)) sketch.add(value);
    this.#lists.clear(group);
    this.#context.take(sketch.bytes);
    this.#context.notice("approximate", "DDSketch, relative error 1 %");
    this.#sketchOf.values[group] = this.#sketches.push(sketch);
    return sketch;
  }

  result(group: number): number | null {
    return this.quantile(group, this.#share);
  }

  /** The number of a group at `share` of the way up; null when it has none. */
  quantile(group: number, share: number): number | null {
    const known = this.#sketchOf.values[group]!;
    if (known > 0) return this.#sketches[known - 1]!.quantile(share);
    const count = this.#lists.size(group);
    if (count === 0) return null;
    return ranked(this.#lists.read(group), nearestRank(share, count)) + 0;
  }

  save(): QuantileState {
    const counts = Uint32Array.from(
      { length: this.#groups },
      (_, group) => this.#lists.size(group),
    );
    const exact = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
    const sketches: [number, SketchState][] = [];
    let at = 0;
    for (let group = 0; group < this.#groups; group++) {
      exact.set(this.#lists.read(group), at);
      at += counts[group]!;
      const known = this.#sketchOf.values[group]!;
      if (known > 0) sketches.push([group, this.#sketches[known - 1]!.save()]);
    }
    return { exact, counts, sketches };
  }

  merge(state: unknown, groups: Int32Array): void {
    const { exact, counts, sketches } = state as QuantileState;
    let at = 0;
    counts.forEach((count, index) => {
      for (const end = at + count; at < end; at++) this.#insert(groups[index]!, exact[at]!);
    });
    for (const [index, saved] of sketches) {
      const sketch = this.#sketch(groups[index]!);
      const before = sketch.bytes;
      sketch.merge(saved);
      this.#context.take(sketch.bytes - before);
    }
  }
}

/** All quantiles of one column are read from one state. */
function sharedAt(
  shareOf: (literals: readonly Value[]) => number,
): Required<AggregateDefinition>["shared"] {
  return {
    family: "quantile",
    read: (accumulator, group, literals) =>
      (accumulator as Quantiles).quantile(group, shareOf(literals)),
  };
}

const PROMISE = "exact up to 256 numbers a group, then DDSketch within 1 %";

/** By nearest rank; {@link MAX_EXACT_NUMBERS} numbers a group exactly, then a sketch of some KB a group. */
export const quantile: AggregateDefinition = {
  name: "quantile",
  signature: "quantile(number, share)",
  summary: `The number at a share of the way up, 0 to 1, by nearest rank: ${PROMISE}`,
  arity: [2, 2],
  literals: 1,
  result: () => "number",
  checkLiterals([share]) {
    if (typeof share === "number" && share >= 0 && share <= 1) return null;
    return `A quantile's share is a number from 0 to 1, found ${JSON.stringify(share)}`;
  },
  create: ([share], context) => new Quantiles(context, share as number),
  shared: sharedAt(([share]) => share as number),
};

/** The quantile at one half. */
export const median: AggregateDefinition = {
  ...percentile("median", 0.5),
  summary: `The number in the middle, the upper of two: ${PROMISE}`,
};

/** `p0` to `p100`, decimals allowed, or null for any other name. */
export function percentileNamed(name: string): AggregateDefinition | null {
  const percent = /^p(\d{1,3}(?:\.\d{1,6})?)$/.exec(name)?.[1];
  if (percent === undefined || Number(percent) > 100) return null;
  return percentile(name, Number(percent) / 100);
}

function percentile(name: string, share: number): AggregateDefinition {
  return {
    name,
    signature: `${name}(number)`,
    summary: `The number at the ${share * 100}th percentile by nearest rank: ${PROMISE}`,
    arity: [1, 1],
    literals: 0,
    result: () => "number",
    create: (_literals: readonly Value[], context) => new Quantiles(context, share),
    shared: sharedAt(() => share),
  };
}
