/**
 * The order of rows by sort keys.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Column, Value } from "../batch/column.ts";
import { weigh } from "../batch/gather.ts";
import type { SortKey } from "../language/syntax.ts";
import type { Schema } from "../schema.ts";
import { compareForSort, isNull } from "./compare.ts";
import { compile } from "./compile.ts";
import type { FunctionDefinition } from "./function.ts";

const FIRST_CAPACITY = 1024;

/** The columns of sort keys, and how their values compare. */
export interface RowOrder {
  /** One column a key, of all physical rows of `batch`. */
  columns(batch: Batch): readonly Column[];
  /** For each key 1 when it ascends, -1 when it descends. */
  readonly signs: readonly (1 | -1)[];
}

/** The order that `keys` mean on rows of `schema`; a key without a direction goes in that of `fallback`. */
export function compileOrder(
  keys: readonly SortKey[],
  schema: Schema,
  functions: ReadonlyMap<string, FunctionDefinition>,
  fallback: "asc" | "desc",
): RowOrder {
  const columns = keys.map((key) => compile(key.expression, schema, functions));
  return {
    columns: (batch) => columns.map((column) => column(batch)),
    signs: keys.map((key) => (key.direction ?? fallback) === "asc" ? 1 : -1),
  };
}

/** Below 0 when `left` comes first in a key's direction, 0 when they tie; null comes last in both directions. */
export function compareKey(left: Value, right: Value, sign: 1 | -1): number {
  const leftNull = isNull(left);
  const rightNull = isNull(right);
  if (leftNull || rightNull) return Number(leftNull) - Number(rightNull);
  return sign * compareForSort(left, right);
}

/** The keys of all rows of a sort, in arrival order: 8 bytes for a number or an instant, else the value. */
export class KeyList {
  readonly #parts: readonly KeyColumn[];
  #length = 0;

  constructor(signs: readonly (1 | -1)[]) {
    this.#parts = signs.map((sign) => new KeyColumn(sign));
  }

  /** Adds the rows of `batch` that count, whose keys are `columns`; gives the bytes they take. */
  add(batch: Batch, columns: readonly Column[]): number {
    let weight = 0;
    this.#parts.forEach((part, index) => {
      weight += part.add(batch, columns[index]!, this.#length);
    });
    this.#length += batch.length;
    return weight;
  }

  /** Compares the rows that arrived `left`-th and `right`-th; ties go by arrival, so the order is total. */
  compare(left: number, right: number): number {
    for (const part of this.#parts) {
      const order = part.compare(left, right);
      if (order !== 0) return order;
    }
    return left - right;
  }
}

/** One key of all rows: an array of numbers while they are all numbers, or all instants, in NaN for null. */
class KeyColumn {
  #kind: "number" | "time" | null = null;
  #numbers: Float64Array | null = new Float64Array(FIRST_CAPACITY);
  #values: Value[] = [];

  constructor(readonly sign: 1 | -1) {}

  add(batch: Batch, column: Column, length: number): number {
    if (this.#numbers !== null && this.#fits(column)) {
      this.#addNumbers(batch, column, length, this.#numbers);
      return 8 * batch.length;
    }
    this.#leaveNumbers(length);
    let weight = 0;
    for (let index = 0; index < batch.length; index++) {
      const value = column.value(batch.rowAt(index));
      weight += 8 + weigh(value);
      this.#values.push(value);
    }
    return weight;
  }

  compare(left: number, right: number): number {
    if (this.#numbers === null) {
      return compareKey(this.#values[left]!, this.#values[right]!, this.sign);
    }
    const first = this.#numbers[left]!;
    const second = this.#numbers[right]!;
    if (first < second) return -this.sign;
    if (first > second) return this.sign;
    return Number(first !== first) - Number(second !== second);
  }

  #fits(column: Column): boolean {
    if (column.kind === "constant") return column.constant === null;
    if (column.kind !== "number" && column.kind !== "time") return false;
    this.#kind ??= column.kind;
    return this.#kind === column.kind;
  }

  #addNumbers(batch: Batch, column: Column, length: number, numbers: Float64Array): void {
    const needed = length + batch.length;
    let target = numbers;
    if (needed > target.length) {
      target = new Float64Array(Math.max(needed, 2 * target.length));
      target.set(numbers.subarray(0, length));
      this.#numbers = target;
    }
    const source = column.kind === "number" || column.kind === "time" ? column.values : null;
    for (let index = 0; index < batch.length; index++) {
      target[length + index] = source === null ? NaN : source[batch.rowAt(index)]!;
    }
  }

  #leaveNumbers(length: number): void {
    if (this.#numbers === null) return;
    for (const number of this.#numbers.subarray(0, length)) {
      if (number !== number) this.#values.push(null);
      else this.#values.push(this.#kind === "time" ? new Date(number) : number);
    }
    this.#numbers = null;
  }
}
