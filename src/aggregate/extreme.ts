/**
 * `min` and `max`.
 * @module
 */
import type { Column, TextColumn, Value } from "../batch/column.ts";
import { weigh } from "../batch/gather.ts";
import { compareForSort } from "../expression/compare.ts";
import type {
  Accumulator,
  AccumulatorContext,
  AggregateDefinition,
  NumberParts,
} from "./aggregate.ts";
import { type PackedValues, packValues, unpackValues } from "./packed_values.ts";
import { textNumbers } from "../kernel/number_kernel.ts";
import { numberOrText } from "./numbers.ts";
import { ByteStates, NumberStates } from "./states.ts";

/** What a group's best value is: nothing yet, a number, an instant, or anything else. */
const NONE = 0;
const NUMBER = 1;
const TIME = 2;
const OTHER = 3;

interface ExtremeState {
  readonly kinds: Uint8Array;
  readonly numbers: Float64Array;
  /** The values of the groups of that kind, in group order. */
  readonly others: PackedValues;
}

class Extreme implements Accumulator {
  readonly #kinds: ByteStates;
  readonly #numbers: NumberStates;
  readonly #others = new Map<number, Value>();
  readonly #context: AccumulatorContext;
  /** 1 for the least, -1 for the greatest. */
  readonly #sign: 1 | -1;
  #groups = 0;
  /** While no group's best is anything but a number: `numbers` has NaN where there is none yet, and `kinds` is not used. */
  #plain = true;

  constructor(context: AccumulatorContext, sign: 1 | -1) {
    this.#context = context;
    this.#sign = sign;
    this.#kinds = new ByteStates(context);
    this.#numbers = new NumberStates(context, NaN);
  }

  grow(groups: number): void {
    this.#groups = groups;
    this.#kinds.grow(groups);
    this.#numbers.grow(groups);
  }

  add(groups: Int32Array, rows: Uint32Array, count: number, columns: readonly Column[]): void {
    const column = columns[0]!;
    switch (column.kind) {
      case "number":
        return this.#addNumbers(groups, rows, count, column.values, null);
      case "time":
        return this.#addMixed(groups, rows, count, TIME, column.values, null);
      case "text":
        return this.#addNumbers(groups, rows, count, textNumbers(column), column);
      default:
        for (let index = 0; index < count; index++) {
          this.#offer(groups[index]!, column.value(rows[index]!));
        }
    }
  }

  numberParts(): NumberParts | null {
    if (!this.#plain) return null;
    return this.#sign === 1 ? { least: this.#numbers } : { greatest: this.#numbers };
  }

  /** Rows without a number count by their cell in `others`, if there is such a column. */
  #addNumbers(
    groups: Int32Array,
    rows: Uint32Array,
    count: number,
    values: Float64Array,
    others: TextColumn | null,
  ): void {
    const numbers = this.#numbers.values;
    const least = this.#sign === 1;
    let index = 0;
    // One comparison tells the rows that change nothing from all others: a group without a number has NaN.
    for (; index < count && this.#plain; index++) {
      const row = rows[index]!;
      const value = values[row]!;
      const group = groups[index]!;
      const best = numbers[group]!;
      if (least ? value >= best : value <= best) continue;
      if (value !== value) {
        if (others !== null) this.#offer(group, others.value(row));
      } else this.#offerNumber(group, NUMBER, value);
    }
    if (index === count) return;
    const [restGroups, restRows] = [groups.subarray(index), rows.subarray(index)];
    this.#addMixed(restGroups, restRows, count - index, NUMBER, values, others);
  }

  /** As {@link Extreme.#addNumbers}, by what kind of value each group has. */
  #addMixed(
    groups: Int32Array,
    rows: Uint32Array,
    count: number,
    kind: number,
    values: Float64Array,
    others: TextColumn | null,
  ): void {
    this.#leavePlain();
    const kinds = this.#kinds.values;
    const numbers = this.#numbers.values;
    const sign = this.#sign;
    for (let index = 0; index < count; index++) {
      const row = rows[index]!;
      const value = values[row]!;
      const group = groups[index]!;
      if (value !== value) {
        if (others !== null) this.#offer(group, others.value(row));
      } else if (kinds[group] !== kind) this.#offerNumber(group, kind, value);
      else if ((value - numbers[group]!) * sign < 0) numbers[group] = value;
    }
  }

  #offerNumber(group: number, kind: number, value: number): void {
    if (value !== value) return;
    const current = this.#kindOf(group);
    if (current === kind) {
      const numbers = this.#numbers.values;
      if ((value - numbers[group]!) * this.#sign < 0) numbers[group] = value;
    } else if (
      current === NONE || this.#beats(kind === NUMBER ? value : new Date(value), group)
    ) {
      this.#set(group, kind, value);
    }
  }

  #offer(group: number, value: Value): void {
    if (value === null) return;
    const parsed = typeof value === "string" ? numberOrText(value) : value;
    if (typeof parsed === "number") this.#offerNumber(group, NUMBER, parsed);
    else if (parsed instanceof Date) this.#offerNumber(group, TIME, parsed.getTime());
    else if (this.#kindOf(group) === NONE || this.#beats(parsed, group)) {
      this.#context.take(weigh(parsed) + 32);
      this.#set(group, OTHER, 0);
      this.#others.set(group, parsed);
    }
  }

  #beats(value: Value, group: number): boolean {
    return compareForSort(value, this.result(group)) * this.#sign < 0;
  }

  #set(group: number, kind: number, value: number): void {
    const old = this.#others.get(group);
    if (old !== undefined) {
      this.#context.take(-weigh(old) - 32);
      this.#others.delete(group);
    }
    if (kind !== NUMBER) this.#leavePlain();
    this.#kinds.values[group] = kind;
    this.#numbers.values[group] = value;
  }

  #kindOf(group: number): number {
    if (!this.#plain) return this.#kinds.values[group]!;
    const value = this.#numbers.values[group]!;
    return value === value ? NUMBER : NONE;
  }

  #leavePlain(): void {
    if (!this.#plain) return;
    this.#kindsTo(this.#kinds.values);
    this.#plain = false;
  }

  #kindsTo(kinds: Uint8Array): void {
    for (let group = 0; group < this.#groups; group++) kinds[group] = this.#kindOf(group);
  }

  result(group: number): Value {
    switch (this.#kindOf(group)) {
      case NONE:
        return null;
      case NUMBER:
        return this.#numbers.values[group]! + 0;
      case TIME:
        return new Date(this.#numbers.values[group]!);
      default:
        return this.#others.get(group)!;
    }
  }

  save(): ExtremeState {
    const kinds = this.#kinds.values.slice(0, this.#groups);
    if (this.#plain) this.#kindsTo(kinds);
    const others: Value[] = [];
    kinds.forEach((kind, group) => {
      if (kind === OTHER) others.push(this.#others.get(group)!);
    });
    return {
      kinds,
      numbers: this.#numbers.values.slice(0, this.#groups),
      others: packValues(others),
    };
  }

  merge(state: unknown, groups: Int32Array): void {
    const { kinds, numbers, others } = state as ExtremeState;
    const unpacked = unpackValues(others).values();
    for (let index = 0; index < groups.length; index++) {
      const kind = kinds[index]!;
      if (kind === OTHER) this.#offer(groups[index]!, unpacked.next().value!);
      else if (kind !== NONE) this.#offerNumber(groups[index]!, kind, numbers[index]!);
    }
  }
}

/** The least value in the order of `sort`. 9 bytes a group, and the value itself where it is not a number or a time. */
export const min: AggregateDefinition = {
  name: "min",
  signature: "min(x)",
  summary:
    "The least value in the order of `sort`; text that spells a number is that number; null when there is none",
  arity: [1, 1],
  literals: 0,
  result: ([type]) => type === "text" ? "any" : type ?? "any",
  create: (_literals, context) => new Extreme(context, 1),
};

/** The greatest value in the order of `sort`; costs as {@link min}. */
export const max: AggregateDefinition = {
  name: "max",
  signature: "max(x)",
  summary:
    "The greatest value in the order of `sort`; text that spells a number is that number; null when there is none",
  arity: [1, 1],
  literals: 0,
  result: ([type]) => type === "text" ? "any" : type ?? "any",
  create: (_literals, context) => new Extreme(context, -1),
};
