/**
 * `count` and `count(x)`.
 * @module
 */
import type { Column } from "../batch/column.ts";
import type {
  Accumulator,
  AccumulatorContext,
  AggregateDefinition,
  NumberParts,
} from "./aggregate.ts";
import { NumberStates } from "./states.ts";

class Count implements Accumulator {
  readonly #counts: NumberStates;
  #groups = 0;

  constructor(context: AccumulatorContext) {
    this.#counts = new NumberStates(context);
  }

  grow(groups: number): void {
    this.#groups = groups;
    this.#counts.grow(groups);
  }

  add(groups: Int32Array, rows: Uint32Array, count: number, columns: readonly Column[]): void {
    const counts = this.#counts.values;
    const column = columns[0];
    if (column === undefined) {
      for (let index = 0; index < count; index++) counts[groups[index]!]! += 1;
      return;
    }
    for (let index = 0; index < count; index++) {
      if (isPresent(column, rows[index]!)) counts[groups[index]!]! += 1;
    }
  }

  numberParts(): NumberParts {
    return { counts: this.#counts };
  }

  result(group: number): number {
    return this.#counts.values[group]!;
  }

  save(): Float64Array {
    return this.#counts.values.slice(0, this.#groups);
  }

  merge(state: unknown, groups: Int32Array): void {
    const counts = state as Float64Array;
    for (let index = 0; index < groups.length; index++) {
      this.#counts.values[groups[index]!]! += counts[index]!;
    }
  }
}

/** Whether a cell is not null; makes no strings. */
export function isPresent(column: Column, row: number): boolean {
  switch (column.kind) {
    case "text":
      return column.starts[row]! >= 0;
    case "number":
    case "time":
      return column.values[row] === column.values[row];
    case "boolean":
      return true;
    default:
      return column.value(row) !== null;
  }
}

/** Rows, or rows in which an expression is not null. 8 bytes a group; exact up to 2^53. */
export const count: AggregateDefinition = {
  name: "count",
  signature: "count(x?)",
  summary: "The number of rows; with an argument, of rows in which it is not null",
  arity: [0, 1],
  literals: 0,
  result: () => "number",
  create: (_literals, context) => new Count(context),
};
