/**
 * The states of aggregate calls over the same rows and arguments, added to in one pass where all are made of numbers.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Column } from "../batch/column.ts";
import {
  type FoldKernel,
  type FoldOwner,
  type FoldStates,
  sharedFold,
} from "../kernel/fold_kernel.ts";
import { isSparse, passingNumbers } from "../kernel/number_kernel.ts";
import type { NumberParts } from "./aggregate.ts";
import type { AggregateColumn } from "./aggregation.ts";
import type { ExactSums } from "./exact_sums.ts";
import type { NumberStates } from "./states.ts";

/** The kernel is given the states of all groups when it does not hold them, so it takes fewer rows than that in its time. */
const LEAST_ROWS_A_GROUP = 2;
/** The same where rows are only counted, which saves less; and so many rows at the least. */
const LEAST_COUNTED_ROWS_A_GROUP = 8;
const LEAST_COUNTED_ROWS = 256;
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
  /** While the kernel holds states of this set. */
  #joint: Joint | null = null;

  constructor(states: readonly AggregateColumn[], kernel: FoldKernel | null) {
    this.condition = states[0]!.condition;
    this.#states = states;
    this.#arguments = states.find((state) => state.arguments.length > 0)?.arguments ?? [];
    this.#kernel = kernel;
  }

  /** Adds rows of `batch` to every state; accumulators may have them only once the set settles. */
  add(batch: Batch, rows: GroupedRows): void {
    const columns = this.#arguments.map((evaluate) => evaluate(batch));
    const apart = this.#joined(columns, rows);
    if (apart === null) this.settle();
    for (const { accumulator, arguments: own } of apart ?? this.#states) {
      accumulator.add(rows.groups, rows.rows, rows.count, own.length === 0 ? [] : columns);
    }
  }

  /** Accumulators have all rows behind this: to be called before anything of theirs is read or merged. */
  settle(): void {
    if (this.#joint !== null) this.#kernel?.settle(this.#joint);
    this.#joint = null;
  }

  /** Adds to the states that the kernel can keep up, and gives the others; null, with nothing done, where it cannot. */
  #joined(columns: readonly Column[], grouped: GroupedRows): readonly AggregateColumn[] | null {
    const { groups, rows, count, size } = grouped;
    const kernel = this.#kernel;
    const onlyCounts = columns.length === 0;
    const least = onlyCounts ? 1 : LEAST_STATES;
    if (kernel === null || this.#states.length < least || columns.length > 1) return null;
    const held = this.#joint !== null && kernel.holds(this.#joint);
    if (!kernel.fits(count, size) || (!held && isFew(grouped, onlyCounts))) return null;
    const joint = held ? this.#joint! : new Joint(this.#states);
    if (this.#states.length - joint.apart.length < least) return null;
    const numbers = onlyCounts ? null : onlyNumbers(columns[0]!, count);
    if (!onlyCounts && numbers === null) return null;
    this.#joint = joint;
    if (numbers === null) kernel.tally(joint, groups, count, size);
    else if (kernel.add(joint, groups, numbers, rows, count, size) > 0) {
      joint.addNulls(kernel.added, grouped);
    }
    return joint.apart;
  }
}

/** Whether the rows are too few for all groups to be given to the kernel. */
function isFew({ count, size }: GroupedRows, onlyCounts: boolean): boolean {
  return onlyCounts
    ? count < Math.max(LEAST_COUNTED_ROWS, size * LEAST_COUNTED_ROWS_A_GROUP)
    : count < size * LEAST_ROWS_A_GROUP;
}

/** The states of a set that the kernel can keep up together, and the others. */
class Joint implements FoldOwner {
  #least: NumberStates | null = null;
  #greatest: NumberStates | null = null;
  #sums: ExactSums | null = null;
  /** Counts of numbers, and of rows. */
  readonly #counts: NumberStates[] = [];
  readonly #rowCounts: NumberStates[] = [];
  readonly apart: AggregateColumn[] = [];

  constructor(states: readonly AggregateColumn[]) {
    for (const state of states) {
      const parts = state.accumulator.numberParts?.() ?? null;
      if (parts === null || !this.#take(parts, state.arguments.length)) this.apart.push(state);
    }
  }

  states(): FoldStates {
    const sums = this.#sums;
    return {
      least: this.#least?.values ?? null,
      greatest: this.#greatest?.values ?? null,
      sums: sums === null ? null : { high: sums.high.values, low: sums.low.values },
      counts: [...this.#counts, ...this.#rowCounts].map(({ values }) => values),
    };
  }

  /** Counts the rows whose `numbers`, in their order, are none. */
  addNulls(numbers: Float64Array, { groups, count }: GroupedRows): void {
    for (const { values } of this.#rowCounts) {
      for (let index = 0; index < count; index++) {
        const number = numbers[index]!;
        if (number !== number) values[groups[index]!]! += 1;
      }
    }
  }

  /** False, with nothing taken, for a second state of a kind. */
  #take({ least, greatest, sums, counts }: NumberParts, columns: number): boolean {
    const known = (least && this.#least) ?? (greatest && this.#greatest) ?? (sums && this.#sums);
    if (known !== null && known !== undefined) return false;
    this.#least ??= least ?? null;
    this.#greatest ??= greatest ?? null;
    this.#sums ??= sums ?? null;
    if (counts !== undefined) (columns === 0 ? this.#rowCounts : this.#counts).push(counts);
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

/**
 * `states` in sets, to be added to by `kernel`; without it, and wherever it cannot, one by one. Those without an argument go
 * with the first that have one.
 */
export function stateSets(
  states: readonly AggregateColumn[],
  kernel: FoldKernel | null = sharedFold(),
): StateSet[] {
  if (states.length === 1) return [new StateSet(states, kernel)];
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
