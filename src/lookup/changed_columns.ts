/**
 * What a pipeline did to rows, seen by its output alone.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { type Column, type Row, type Value, ValueColumn } from "../batch/column.ts";
import { deepEqual } from "../expression/values.ts";

/** Rows that the pipeline has, in order. */
export interface Asked {
  readonly batch: Batch;
  readonly keys: readonly string[];
  /** How many of them have been answered. */
  at: number;
}

/**
 * The columns of `output` that a pipeline made: those that are other objects than in the batch it was given. Where no column
 * is the same object, the rows were copied on the way, and the values of `count` rows are compared.
 */
export function changedColumns(
  { batch: input, at }: Asked,
  output: Batch,
  from: number,
  count: number,
): [string, Column][] {
  const columns = output.names.map((name): [string, Column] => [name, output.column(name)!]);
  const derived = output.open === input.open &&
    (input.open !== null || columns.some(([name, column]) => input.column(name) === column));
  const others = columns.filter(([name, column]) => input.column(name) !== column);
  if (derived) return others;
  return others.filter(([name, column]) => {
    const before = input.field([name]);
    for (let index = 0; index < count; index++) {
      const value = column.value(output.rowAt(from + index));
      if (!deepEqual(before.value(input.rowAt(at + index)), value)) return true;
    }
    return false;
  });
}

/** The batch with the fields that belong to the keys of its rows, by physical row. */
export function withFields(batch: Batch, fields: readonly (Row | undefined)[]): Batch {
  const names = new Set(fields.flatMap((row) => row === undefined ? [] : Object.keys(row)));
  let merged = batch;
  for (const name of names) {
    const before = batch.field([name]);
    const values = fields.map((row, at): Value =>
      row !== undefined && Object.hasOwn(row, name) ? row[name]! : before.value(at) ?? null
    );
    merged = merged.with(name, new ValueColumn(values));
  }
  return merged;
}
