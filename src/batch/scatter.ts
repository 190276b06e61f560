/**
 * Columns of few rows, back in the places of the batch that they are of.
 * @module
 */
import {
  BooleanColumn,
  type Column,
  NumberColumn,
  TextColumn,
  TimeColumn,
  type Value,
  ValueColumn,
} from "./column.ts";
import { shortFloat64s, shortInt32s } from "./short_arrays.ts";

/**
 * A column whose value number `n` moves to physical row `rows[n]` of `total`; the other rows are unspecified. Costs an
 * array of `total`, but works only on `rows`.
 */
export function scattered(column: Column, rows: Uint32Array, total: number): Column {
  switch (column.kind) {
    case "constant":
      return column;
    case "text":
      return scatteredText(column, rows, total);
    case "number":
      return new NumberColumn(scatteredNumbers(column.values, rows, total));
    case "time":
      return new TimeColumn(scatteredNumbers(column.values, rows, total));
    case "boolean": {
      const values = new Uint8Array(total);
      scatter(column.values, rows, values);
      return new BooleanColumn(values);
    }
    case "value": {
      const values = new Array<Value>(total).fill(null);
      scatter(column.values, rows, values);
      return new ValueColumn(values);
    }
  }
}

function scatteredText(column: TextColumn, rows: Uint32Array, total: number): TextColumn {
  const starts = shortInt32s(total);
  const ends = shortInt32s(total);
  scatter(column.starts, rows, starts);
  scatter(column.ends, rows, ends);
  return new TextColumn(column.bytes, starts, ends);
}

function scatteredNumbers(from: Float64Array, rows: Uint32Array, total: number): Float64Array {
  const values = shortFloat64s(total);
  scatter(from, rows, values);
  return values;
}

function scatter<T>(from: ArrayLike<T>, rows: Uint32Array, to: { [index: number]: T }): void {
  for (let index = 0; index < rows.length; index++) to[rows[index]!] = from[index]!;
}
