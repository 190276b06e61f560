/**
 * Grouping and aggregating: the operator behind every stage that answers with one row a group.
 * @module
 */
import { Batch } from "../batch/batch.ts";
import { type Column, NumberColumn, TimeColumn, type Value, ValueColumn } from "../batch/column.ts";
import { shortFloat64s } from "../batch/short_arrays.ts";
import { NOTHING, type Operator, type Outputs } from "../stage.ts";
import type { Accumulator } from "./aggregate.ts";
import { type Groups, newGroups } from "./groups.ts";
import { type StateSet, stateSets } from "./state_set.ts";

/** A column of the rows to come, evaluated on a batch. */
export type Evaluate = (batch: Batch) => Column;

/** One key to group by. */
export interface GroupKey {
  readonly name: string;
  readonly evaluate: Evaluate;
}

/** One aggregate to compute, with the accumulator that keeps its states; columns may share one. */
export interface AggregateColumn {
  readonly name: string;
  /** The value of a group, when it is not the accumulator's `result`. */
  readonly read?: (group: number) => Value;
  readonly accumulator: Accumulator;
  /** Columns with the same functions here, and the same condition, can be added to together. */
  readonly arguments: readonly Evaluate[];
  /** The physical rows that count, ascending, among those of the batch that do; null for all. */
  readonly condition: ((batch: Batch) => Uint32Array) | null;
}

interface AggregationState {
  /** Of the table of keys; null without keys. */
  readonly groups: unknown;
  readonly states: readonly unknown[];
}

const RESULT_ROWS = 4096;
/** One for all: to make an empty array costs as much as a small one. */
const NO_ROWS = new Uint32Array(0);
const NO_GROUPS = new Int32Array(0);
/** A result row's weight besides its text: its share of the typed columns. */
const ROW_WEIGHT = 64;

/**
 * One row a group, in first-seen order: the keys, then the aggregates. Without keys there is one group, also of no
 * rows at all. The state is the accumulators' and the table's, both declared to the budget. Results are made 4,096
 * rows at a time, when they are pulled.
 */
export class Aggregation implements Operator<Batch, Batch> {
  readonly #keys: readonly GroupKey[];
  readonly #columns: readonly AggregateColumn[];
  /** The columns whose accumulators no column before them has. */
  readonly #states: readonly AggregateColumn[];
  readonly #sets: readonly StateSet[];
  /** Whether any state counts only some of the rows. */
  readonly #picks: boolean;
  readonly #table: Groups | null;
  readonly #release: () => void;
  #allRows = NO_ROWS;
  #oneGroup = NO_GROUPS;

  /** `take` declares bytes to the run's budget and throws past it; `dispose` calls `release`, which gives them back. */
  constructor(
    keys: readonly GroupKey[],
    columns: readonly AggregateColumn[],
    take: (bytes: number) => void,
    release: () => void = () => {},
  ) {
    this.#keys = keys;
    this.#release = release;
    this.#columns = columns;
    this.#states = columns.filter(({ accumulator }, index) =>
      columns.findIndex((column) => column.accumulator === accumulator) === index
    );
    this.#sets = stateSets(this.#states);
    this.#picks = this.#sets.some(({ condition }) => condition !== null);
    this.#table = keys.length === 0 ? null : newGroups(keys.length, take);
    this.#grow();
  }

  push(batch: Batch): Outputs<Batch> {
    const rows = batch.selection ?? this.#identity(batch.rows);
    const count = batch.length;
    const groups = this.#assign(batch, rows, count);
    this.#grow();
    const size = this.#size();
    for (const set of this.#sets) {
      if (set.condition === null) set.add(batch, { groups, rows, count, size });
      else {
        const chosen = set.condition(batch);
        const picked = pick(groups, rows, chosen);
        set.add(batch, { groups: picked, rows: chosen, count: chosen.length, size });
      }
    }
    return NOTHING;
  }

  *finish(): Generator<Batch> {
    const size = this.#size();
    for (let from = 0; from < size; from += RESULT_ROWS) {
      yield this.#result(from, Math.min(size, from + RESULT_ROWS));
    }
  }

  snapshot(): Iterable<Batch> {
    return this.finish();
  }

  dispose(): void {
    this.#settle();
    this.#release();
  }

  save(): AggregationState {
    this.#settle();
    return {
      groups: this.#table === null ? null : this.#table.save(),
      states: this.#states.map(({ accumulator }) => accumulator.save()),
    };
  }

  merge(state: unknown): void {
    const { groups, states } = state as AggregationState;
    const numbers = this.#table === null || groups === null
      ? new Int32Array(1)
      : this.#table.merge(groups);
    this.#settle();
    this.#grow();
    this.#states.forEach(({ accumulator }, index) => accumulator.merge(states[index], numbers));
  }

  /** Accumulators have everything that was added to them behind this. */
  #settle(): void {
    for (const set of this.#sets) set.settle();
  }

  #size(): number {
    return this.#table === null ? 1 : this.#table.size;
  }

  #grow(): void {
    const size = this.#size();
    for (const { accumulator } of this.#states) accumulator.grow(size);
  }

  #assign(batch: Batch, rows: Uint32Array, count: number): Int32Array {
    if (this.#table !== null) {
      const keys = this.#keys.map(({ evaluate }) => evaluate(batch));
      // Rows of which some are picked go to where passing groups lie.
      return this.#picks
        ? this.#table.assign(keys, rows, count)
        : this.#table.passing(keys, rows, count);
    }
    if (this.#oneGroup.length < count) this.#oneGroup = new Int32Array(count);
    return this.#oneGroup;
  }

  #identity(count: number): Uint32Array {
    const known = this.#allRows.length;
    if (known < count) {
      // Batches differ somewhat in their rows: with none to spare, each that is larger than all before would count anew.
      this.#allRows = new Uint32Array(known === 0 ? count : 2 * count).map((_, row) => row);
    }
    return this.#allRows;
  }

  #result(from: number, to: number): Batch {
    this.#settle();
    const columns = new Map<string, Column>();
    const keys = this.#table?.columns(from, to) ?? [];
    this.#keys.forEach(({ name }, index) => columns.set(name, keys[index]!));
    for (const { name, accumulator, read } of this.#columns) {
      const valueOf = read ?? ((group: number) => accumulator.result(group));
      columns.set(name, numbersOf(from, to, valueOf) ?? columnOf(valuesOf(from, to, valueOf)));
    }
    return Batch.taking(to - from, columns, (to - from) * ROW_WEIGHT);
  }
}

/** The groups of the rows in `chosen`, which are some of `rows`; both ascend. */
function pick(groups: Int32Array, rows: Uint32Array, chosen: Uint32Array): Int32Array {
  const picked = new Int32Array(chosen.length);
  for (let index = 0, at = 0; index < chosen.length; index++, at++) {
    while (at < groups.length && rows[at] !== chosen[index]) at++;
    picked[index] = groups[at]!;
  }
  return picked;
}

/** The values of groups `[from, to)` where all of them are numbers or null, as most are; else null. */
function numbersOf(from: number, to: number, valueOf: (group: number) => Value): Column | null {
  const numbers = shortFloat64s(to - from);
  for (let group = from; group < to; group++) {
    const value = valueOf(group);
    if (typeof value !== "number" && value !== null) return null;
    numbers[group - from] = value ?? NaN;
  }
  return new NumberColumn(numbers);
}

function valuesOf(from: number, to: number, valueOf: (group: number) => Value): readonly Value[] {
  return Array.from({ length: to - from }, (_, index) => valueOf(from + index));
}

/** The values in the tightest column that holds them. */
export function columnOf(values: readonly Value[]): Column {
  const numbers = shortFloat64s(values.length).fill(NaN);
  let times = 0;
  let others = 0;
  values.forEach((value, row) => {
    if (typeof value === "number") numbers[row] = value;
    else if (value instanceof Date) numbers[row] = value.getTime(), times++;
    else if (value !== null) others++;
  });
  if (others > 0) return new ValueColumn(values);
  if (times === 0) return new NumberColumn(numbers);
  const onlyTimes = values.every((value) => value === null || value instanceof Date);
  return onlyTimes ? new TimeColumn(numbers) : new ValueColumn(values);
}
