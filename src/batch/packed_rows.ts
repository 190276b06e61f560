/**
 * Rows as data that can be written down: for the saved state of stages that keep rows.
 * @module
 */
import { type PackedValues, packValues, unpackValues } from "../aggregate/packed_values.ts";
import { Batch } from "./batch.ts";
import { type Column, type Row, ValueColumn } from "./column.ts";

/** One batch: the objects of open rows, without what is hidden, and the named columns. JSON-safe. */
export interface PackedBatch {
  readonly rows: number;
  readonly weight: number;
  readonly open: readonly Row[] | null;
  readonly columns: readonly (readonly [name: string, values: PackedValues])[];
}

/** The rows of `batches` that count, in order. Costs an object a value; instants inside of objects become text. */
export function packRows(batches: Iterable<Batch>): PackedBatch[] {
  return Array.from(batches, (batch) => {
    const rows = Array.from({ length: batch.length }, (_, index) => batch.rowAt(index));
    const valuesOf = (column: Column) => packValues(rows.map((row) => column.value(row)));
    return {
      rows: rows.length,
      weight: batch.weight,
      open: batch.open === null ? null : rows.map((row) => openRow(batch, row)),
      columns: batch.names.map((name) => [name, valuesOf(batch.column(name)!)] as const),
    };
  });
}

/** The batches back: equal rows, in columns of values. */
export function unpackRows(packed: readonly PackedBatch[]): Batch[] {
  return packed.map(({ rows, weight, open, columns }) => {
    const made = columns.map(([name, values]): [string, Column] => [
      name,
      new ValueColumn(unpackValues(values)),
    ]);
    if (open === null) return Batch.of(rows, new Map(made), weight);
    let batch = Batch.ofRows(open, weight);
    for (const [name, column] of made) batch = batch.with(name, column);
    return batch;
  });
}

function openRow(batch: Batch, row: number): Row {
  const value = (batch.open?.value(row) ?? {}) as Row;
  if (batch.hidden.size === 0) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !batch.hidden.has(name)));
}
