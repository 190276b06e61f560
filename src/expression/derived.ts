/**
 * Columns made row by row from other columns.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { type Column, NumberColumn, TimeColumn, type Value, ValueColumn } from "../batch/column.ts";
import type { FieldType } from "../schema.ts";
import { toNumber } from "./compare.ts";
import { selectedRows } from "./rows.ts";

/** A column of `type` from one value a row, in the most compact kind. */
export function columnOf(type: FieldType, batch: Batch, valueOf: (row: number) => Value): Column {
  const rows = selectedRows(batch);
  if (type === "number" || type === "time") {
    const numbers = new Float64Array(batch.rows).fill(NaN);
    for (const row of rows) numbers[row] = rawNumber(valueOf(row));
    return type === "number" ? new NumberColumn(numbers) : new TimeColumn(numbers);
  }
  const values = new Array<Value>(batch.rows).fill(null);
  for (const row of rows) values[row] = valueOf(row);
  return new ValueColumn(values);
}

function rawNumber(value: Value): number {
  if (typeof value === "number") return Number.isFinite(value) ? value : NaN;
  return value instanceof Date ? value.getTime() : NaN;
}

/** The number in each row of a column, or NaN; of a time, its milliseconds since 1970. */
export function numberReader(column: Column): (row: number) => number {
  if (column.kind === "number" || column.kind === "time") {
    const { values } = column;
    return (row) => values[row]!;
  }
  if (column.kind === "constant") {
    const number = toNumber(column.constant);
    return () => number;
  }
  return (row) => toNumber(column.value(row));
}
