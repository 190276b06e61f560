/**
 * The states of aggregate calls over the same rows and arguments, added to in one pass where all are made of numbers.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Column } from "../batch/column.ts";
import { type FoldKernel, type FoldStates, sharedFold } from "../kernel/fold_kernel.ts";
import { isSparse, passingNumbers } from "../kernel/number_kernel.ts";
import type { NumberParts } from "./aggregate.ts";
import type { AggregateColumn } from "./aggregation.ts";
import type { NumberStates } from "./states.ts";

/** The kernel is given the states of all groups, so it takes fewer rows than that in its time. */
const LEAST_ROWS_A_GROUP = 2;
/** With fewer states than this there is nothing to be done in one pass. */
const LEAST_STATES = 2;

/** The rows of a batch that count, and the groups, of `size`, that they belong to. */
export interface GroupedRows {
  readonly groups: Int32Array;
  readonly rows: Uint32Array;
  readonly count: number;
  readonly size: number;
}

/** Calls with one condition, and either the same arguments or none. */
export class StateSet {
  readonly condition: AggregateColumn["condition"];
  readonly #states: readonly AggregateColumn[];
  readonly #arguments: AggregateColumn["arguments"];
  readonly #kernel: FoldKernel | null;

  constructor(states: readonly AggregateColumn[], kernel: FoldKernel | null) {
    this.condition = states[0]!.condition;
    this.#states = states;
    this.#arguments = states.find((state) => state.arguments.length > 0)?.arguments ?? [];
    this.#kernel = kernel;
  }

  /** Adds rows of `batch` to every state. */
  add(batch: Batch, rows: GroupedRows): void {
    const columns = this.#arguments.map((evaluate) => evaluate(batch));
    const apart = this.#joined(columns, rows) ?? this.#states;
    for (const { accumulator, arguments: own } of apart) {
      accumulator.add(rows.groups, rows.rows, rows.count, own.length === 0 ? [] : columns);
    }
  }

  /** Adds to the states that the kernel can keep up, and gives the others; null, with nothing done, where it cannot. */
  #joined(columns: readonly Column[], grouped: GroupedRows): AggregateColumn[] | null {
    const { groups, rows, count, size } = grouped;
    if (this.#states.length < LEAST_STATES || size * LEAST_ROWS_A_GROUP > count) return null;
    if (this.#kernel === null || !this.#kernel.fits(count, size) || columns.length !== 1) {
      return null;
    }
    const joint = new Joint(this.#states);
    if (this.#states.length - joint.apart.length < LEAST_STATES) return null;
    const numbers = onlyNumbers(columns[0]!, count);
    if (numbers === null) return null;
    const skipped = this.#kernel.add(groups, numbers, rows, count, size, joint);
    const { counts } = this.#kernel;
    for (const { values } of joint.counts) addCounts(values, counts, size);
    for (const { values } of joint.rowCounts) {
      if (skipped === 0) addCounts(values, counts, size);
      else for (let index = 0; index < count; index++) values[groups[index]!]! += 1;
    }
    return joint.apart;
  }
}

/** The states of a set that the kernel can keep up together, and the others. */
class Joint implements FoldStates {
  least: Float64Array | null = null;
  greatest: Float64Array | null = null;
  sums: FoldStates["sums"] = null;
  /** Counts of numbers, and of rows. */
  readonly counts: NumberStates[] = [];
  readonly rowCounts: NumberStates[] = [];
  readonly apart: AggregateColumn[] = [];

  constructor(states: readonly AggregateColumn[]) {
    for (const state of states) {
      const parts = state.accumulator.numberParts?.() ?? null;
      if (parts === null || !this.#take(parts, state.arguments.length)) this.apart.push(state);
    }
  }

  /** False, with nothing taken, for a second state of a kind. */
  #take({ least, greatest, sums, counts }: NumberParts, columns: number): boolean {
    const known = (least && this.least) ?? (greatest && this.greatest) ?? (sums && this.sums);
    if (known !== null && known !== undefined) return false;
    if (least !== undefined) this.least = least.values;
    if (greatest !== undefined) this.greatest = greatest.values;
    if (sums !== undefined) this.sums = { high: sums.high.values, low: sums.low.values };
    if (counts !== undefined) (columns === 0 ? this.rowCounts : this.counts).push(counts);
    return true;
  }
}

/** The column's numbers, to be used at once, when its values are numbers and nulls, and not few are asked for; else null. */
function onlyNumbers(column: Column, count: number): Float64Array | null {
  if (column.kind === "number") return column.values;
  if (column.kind !== "text") return null;
  if (isSparse(column, count)) return null;
  const numbers = passingNumbers(column);
  return column.onlyNumbers ? numbers : null;
}

function addCounts(states: Float64Array, counts: Int32Array, size: number): void {
  for (let group = 0; group < size; group++) states[group]! += counts[group]!;
}

/**
 * `states` in sets, to be added to by `kernel`; without it, and wherever it cannot, one by one. Those without an argument go
 * with the first that have one.
 */
export function stateSets(
  states: readonly AggregateColumn[],
  kernel: FoldKernel | null = sharedFold(),
): StateSet[] {
  const sets: AggregateColumn[][] = [];
  const put = (state: AggregateColumn, fits: (first: AggregateColumn) => boolean) => {
    const known = sets.find(([first]) => first!.condition === state.condition && fits(first!));
    if (known === undefined) sets.push([state]);
    else known.push(state);
  };
  for (const state of states) {
    if (state.arguments.length > 0) put(state, (first) => sameArguments(first, state));
  }
  for (const state of states) {
    if (state.arguments.length === 0) put(state, (first) => first.arguments.length < 2);
  }
  return sets.map((set) => new StateSet(set, kernel));
}

function sameArguments(first: AggregateColumn, other: AggregateColumn): boolean {
  return first.arguments.length === other.arguments.length &&
    first.arguments.every((evaluate, index) => evaluate === other.arguments[index]);
}
