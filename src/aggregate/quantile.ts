/**
 * `median`, `quantile(x, 0.99)` and the family `pNN`.
 * @module
 */
import type { Column, Value } from "../batch/column.ts";
import type { Accumulator, AccumulatorContext, AggregateDefinition } from "./aggregate.ts";
import { NumberScratch, readNumbers } from "./numbers.ts";
import { nearestRank, QuantileSketch, type SketchState } from "./quantile_sketch.ts";

/** A group keeps this many numbers as they are; with one more it becomes a sketch. */
export const MAX_EXACT_NUMBERS = 256;

/** An array of one number and its place in the list of groups. */
const LIST_BYTES = 64;
const NUMBER_BYTES = 8;
const SLOT_BYTES = 8;

/** What a group keeps: nothing, its numbers, or a sketch of them. */
type Numbers = null | number[] | QuantileSketch;

interface QuantileState {
  /** The exact numbers of all groups, one after the other. */
  readonly exact: Float64Array;
  /** How many of those each group has. */
  readonly counts: Uint32Array;
  readonly sketches: readonly (readonly [group: number, sketch: SketchState])[];
}

class Quantile implements Accumulator {
  readonly #groups: Numbers[] = [];
  readonly #scratch = new NumberScratch();
  readonly #context: AccumulatorContext;
  readonly #share: number;
  readonly #label: string;

  constructor(context: AccumulatorContext, share: number, label: string) {
    this.#context = context;
    this.#share = share;
    this.#label = label;
  }

  grow(groups: number): void {
    const more = groups - this.#groups.length;
    if (more > 0) this.#context.take(SLOT_BYTES * more);
    while (this.#groups.length < groups) this.#groups.push(null);
  }

  add(groups: Int32Array, rows: Uint32Array, count: number, columns: readonly Column[]): void {
    const numbers = this.#scratch.room(count);
    readNumbers(columns[0]!, rows, count, numbers);
    for (let index = 0; index < count; index++) {
      const value = numbers[index]!;
      if (value === value) this.#insert(groups[index]!, value);
    }
  }

  #insert(group: number, value: number): void {
    const kept = this.#groups[group]!;
    if (kept instanceof QuantileSketch) {
      const before = kept.bytes;
      kept.add(value);
      if (kept.bytes !== before) this.#context.take(kept.bytes - before);
    } else if (kept === null) {
      this.#context.take(LIST_BYTES);
      this.#groups[group] = [value];
    } else if (kept.length < MAX_EXACT_NUMBERS) {
      this.#context.take(NUMBER_BYTES);
      kept.push(value);
    } else {
      this.#sketch(group).add(value);
    }
  }

  /** The group's sketch, made of its numbers when it had none. */
  #sketch(group: number): QuantileSketch {
    const kept = this.#groups[group]!;
    if (kept instanceof QuantileSketch) return kept;
    const sketch = new QuantileSketch();
    const held = kept === null ? 0 : LIST_BYTES + NUMBER_BYTES * (kept.length - 1);
    for (const value of kept ?? []) sketch.add(value);
    this.#context.take(sketch.bytes - held);
    this.#context.notice("approximate", { [this.#label]: "DDSketch, relative error 1 %" });
    this.#groups[group] = sketch;
    return sketch;
  }

  result(group: number): number | null {
    const kept = this.#groups[group]!;
    if (kept === null) return null;
    if (kept instanceof QuantileSketch) return kept.quantile(this.#share);
    return Float64Array.from(kept).sort()[nearestRank(this.#share, kept.length)]! + 0;
  }

  save(): QuantileState {
    const lists = this.#groups.map((kept) => kept instanceof QuantileSketch ? [] : kept ?? []);
    const sketches: [number, SketchState][] = [];
    this.#groups.forEach((kept, group) => {
      if (kept instanceof QuantileSketch) sketches.push([group, kept.save()]);
    });
    return {
      exact: Float64Array.from(lists.flat()),
      counts: Uint32Array.from(lists, (list) => list.length),
      sketches,
    };
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
  create: ([share], context, label) => new Quantile(context, share as number, label),
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
    create: (_literals: readonly Value[], context, label) => new Quantile(context, share, label),
  };
}
