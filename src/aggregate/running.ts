/**
 * Running aggregates: each row with the values of its group so far.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Value } from "../batch/column.ts";
import { selectedRows } from "../expression/rows.ts";
import type { Operator, Outputs } from "../stage.ts";
import { type AggregateColumn, columnOf, type Evaluate } from "./aggregation.ts";
import { type Groups, newGroups } from "./groups.ts";

interface RunningState {
  /** Of the table of keys; null without keys. */
  readonly groups: unknown;
  readonly states: readonly unknown[];
}

/**
 * Passes rows on with one more column an aggregate: its value over the rows of the same key up to this one. Holds one
 * state a key and aggregate, declared through `take`; `dispose` calls `release`, which gives that back.
 */
export class Running implements Operator<Batch, Batch> {
  readonly #table: Groups | null;
  /** The columns whose accumulators no column before them has. */
  readonly #states: readonly AggregateColumn[];
  #one = new Int32Array(0);

  constructor(
    readonly keys: readonly Evaluate[],
    readonly columns: readonly AggregateColumn[],
    take: (bytes: number) => void,
    readonly release: () => void,
  ) {
    this.#table = keys.length === 0 ? null : newGroups(keys.length, take);
    this.#states = columns.filter(({ accumulator }, index) =>
      columns.findIndex((column) => column.accumulator === accumulator) === index
    );
    this.#grow();
  }

  push(batch: Batch): Outputs<Batch> {
    const rows = selectedRows(batch);
    const groups = this.#groupsOf(batch, rows);
    this.#grow();
    let output = batch;
    const values = this.#states.map((state) => {
      const readers = this.columns.filter(({ accumulator }) => accumulator === state.accumulator);
      return valuesOf(state, readers, batch, rows, groups);
    });
    for (const { name } of this.columns) {
      const own = values.find((named) => named.has(name))!.get(name)!;
      output = output.with(name, columnOf(own));
    }
    return [output];
  }

  save(): RunningState {
    return {
      groups: this.#table === null ? null : this.#table.save(),
      states: this.#states.map(({ accumulator }) => accumulator.save()),
    };
  }

  restore(state: unknown): void {
    const { groups, states } = state as RunningState;
    const numbers = groups === null ? new Int32Array(1) : this.#table!.merge(groups);
    this.#grow();
    this.#states.forEach(({ accumulator }, index) => accumulator.merge(states[index], numbers));
  }

  dispose(): void {
    this.release();
  }

  #grow(): void {
    const size = this.#table === null ? 1 : this.#table.size;
    for (const { accumulator } of this.#states) accumulator.grow(size);
  }

  #groupsOf(batch: Batch, rows: Uint32Array): Int32Array {
    if (this.#table !== null) {
      return this.#table.assign(this.keys.map((evaluate) => evaluate(batch)), rows, rows.length);
    }
    if (this.#one.length < rows.length) this.#one = new Int32Array(rows.length);
    return this.#one;
  }
}

/** The values of `readers` behind each row, by name and physical row: the rows are added to their state one by one. */
function valuesOf(
  { accumulator, arguments: own, condition }: AggregateColumn,
  readers: readonly AggregateColumn[],
  batch: Batch,
  rows: Uint32Array,
  groups: Int32Array,
): Map<string, Value[]> {
  const columns = own.map((evaluate) => evaluate(batch));
  const chosen = condition?.(batch) ?? rows;
  const lists = readers.map(({ name, read }) => ({
    name,
    read: read ?? ((group: number) => accumulator.result(group)),
    values: new Array<Value>(batch.rows).fill(null),
  }));
  let next = 0;
  for (let index = 0; index < rows.length; index++) {
    if (chosen[next] === rows[index]) {
      accumulator.add(groups.subarray(index, index + 1), chosen.subarray(next, ++next), 1, columns);
    }
    for (const { read, values } of lists) values[rows[index]!] = read(groups[index]!);
  }
  return new Map(lists.map(({ name, values }) => [name, values]));
}
