/**
 * Columns: what a batch is made of. A column holds one field of every physical row of its batch; which rows count is
 * the batch's selection, so a column never copies when rows are filtered.
 * @module
 */
import { decodeText } from "./text.ts";

/** A value of one field of one row, as user code and JSON see it. An instant is a `Date` and prints as ISO 8601. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Date
  | readonly Value[]
  | { readonly [key: string]: Value };

/** One result or input row as a plain object. */
export type Row = { readonly [field: string]: Value };

/**
 * Text as start and end offsets into the batch's bytes (UTF-8, not validated). A start of -1 means null. Becomes a
 * JavaScript string only when {@link TextColumn.value} is called: invalid UTF-8 then reads as U+FFFD.
 */
export class TextColumn {
  readonly kind = "text";
  /** The numbers that the cells spell, once `textNumbers` has read them: 8 bytes a row. */
  numbers: Float64Array | null = null;
  /** Whether every cell that is not null spells a number, once `numbers` are there. */
  onlyNumbers = false;
  constructor(
    readonly bytes: Uint8Array,
    readonly starts: Int32Array,
    readonly ends: Int32Array,
  ) {}

  value(row: number): string | null {
    const start = this.starts[row]!;
    return start < 0 ? null : decodeText(this.bytes, start, this.ends[row]!);
  }
}

/** Numbers in 8 bytes a row. NaN is null: no other number that JSON cannot write may be stored. */
export class NumberColumn {
  readonly kind = "number";
  constructor(readonly values: Float64Array) {}

  value(row: number): number | null {
    const value = this.values[row]!;
    return value !== value ? null : value;
  }
}

/** Instants as milliseconds since 1970-01-01T00:00:00Z in 8 bytes a row. NaN is null. */
export class TimeColumn {
  readonly kind = "time";
  constructor(readonly values: Float64Array) {}

  value(row: number): Date | null {
    const value = this.values[row]!;
    return value !== value ? null : new Date(value);
  }
}

/** Truth, 1 or 0, in a byte a row; never null: a comparison with null is false. */
export class BooleanColumn {
  readonly kind = "boolean";
  constructor(readonly values: Uint8Array) {}

  value(row: number): boolean {
    return this.values[row] === 1;
  }
}

/** Any values, one JavaScript reference a row: nested JSON, derived strings, mixed types. `undefined` is not allowed. */
export class ValueColumn {
  readonly kind = "value";
  constructor(readonly values: readonly Value[]) {}

  value(row: number): Value {
    return this.values[row]!;
  }
}

/** The same value in every row, in no space. */
export class ConstantColumn {
  readonly kind = "constant";
  constructor(readonly constant: Value) {}

  value(_row: number): Value {
    return this.constant;
  }
}

/** One field of all rows of a batch, indexed by physical row. Hot loops switch on `kind` and read the arrays. */
export type Column =
  | TextColumn
  | NumberColumn
  | TimeColumn
  | BooleanColumn
  | ValueColumn
  | ConstantColumn;

/** The column of a field that no row has. */
export const NULL_COLUMN = new ConstantColumn(null);
