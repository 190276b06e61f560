/**
 * `first` and `last`.
 * @module
 */
import type { Column, Value } from "../batch/column.ts";
import { weigh } from "../batch/gather.ts";
import type { Accumulator, AccumulatorContext, AggregateDefinition } from "./aggregate.ts";
import { isPresent } from "./count.ts";
import { type PackedValues, packValues, unpackValues } from "./packed_values.ts";

/** A group's slot in the list, besides the value. */
const SLOT_BYTES = 8;

class Edge implements Accumulator {
  readonly #values: Value[] = [];
  readonly #context: AccumulatorContext;
  readonly #last: boolean;
  /** For `last`: the row of each group seen last in this batch, so that one value a group and batch is made. */
  readonly #rows = new Map<number, number>();

  constructor(context: AccumulatorContext, last: boolean) {
    this.#context = context;
    this.#last = last;
  }

  grow(groups: number): void {
    if (groups > this.#values.length) {
      this.#context.take(SLOT_BYTES * (groups - this.#values.length));
    }
    while (this.#values.length < groups) this.#values.push(null);
  }

  add(groups: Int32Array, rows: Uint32Array, count: number, columns: readonly Column[]): void {
    const column = columns[0]!;
    for (let index = 0; index < count; index++) {
      const group = groups[index]!;
      const row = rows[index]!;
      if (!this.#last && this.#values[group] !== null || !isPresent(column, row)) continue;
      if (this.#last) this.#rows.set(group, row);
      else this.#set(group, column.value(row));
    }
    for (const [group, row] of this.#rows) this.#set(group, column.value(row));
    this.#rows.clear();
  }

  #set(group: number, value: Value): void {
    const old = this.#values[group]!;
    this.#context.take(weigh(value) - (old === null ? 0 : weigh(old)));
    this.#values[group] = value;
  }

  result(group: number): Value {
    return this.#values[group]!;
  }

  save(): PackedValues {
    return packValues(this.#values);
  }

  merge(state: unknown, groups: Int32Array): void {
    unpackValues(state as PackedValues).forEach((value, index) => {
      const group = groups[index]!;
      if (value !== null && (this.#last || this.#values[group] === null)) this.#set(group, value);
    });
  }
}

/** The first value in row order that is not null. Keeps the value itself, one a group. */
export const first: AggregateDefinition = {
  name: "first",
  signature: "first(x)",
  summary: "The first value that is not null",
  arity: [1, 1],
  literals: 0,
  result: ([type]) => type ?? "any",
  create: (_literals, context) => new Edge(context, false),
};

/** The last value in row order that is not null. Keeps the value itself, one a group. */
export const last: AggregateDefinition = {
  name: "last",
  signature: "last(x)",
  summary: "The last value that is not null",
  arity: [1, 1],
  literals: 0,
  result: ([type]) => type ?? "any",
  create: (_literals, context) => new Edge(context, true),
};
