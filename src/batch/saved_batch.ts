/**
 * Batches as plain data: what a stage that keeps rows puts into its saved state.
 * @module
 */
import { Batch } from "./batch.ts";
import {
  BooleanColumn,
  type Column,
  ConstantColumn,
  NumberColumn,
  type Row,
  TextColumn,
  TimeColumn,
  type Value,
  ValueColumn,
} from "./column.ts";
import { allRows, gather } from "./gather.ts";

type SavedColumn =
  | { readonly kind: "text"; bytes: Uint8Array; starts: Int32Array; ends: Int32Array }
  | { readonly kind: "number" | "time"; readonly values: Float64Array }
  | { readonly kind: "boolean"; readonly values: Uint8Array }
  | { readonly kind: "value"; readonly values: readonly Value[] }
  | { readonly kind: "constant"; readonly constant: Value };

/** One batch as plain data and typed arrays. */
export interface SavedBatch {
  readonly rows: number;
  readonly weight: number;
  readonly open: readonly Value[] | null;
  readonly hidden: readonly string[];
  readonly nested: readonly string[];
  readonly columns: readonly (readonly [name: string, column: SavedColumn])[];
}

/** The rows of `batches` that count, copied: costs what they hold once more, and every lazy column is made. */
export function saveBatches(batches: readonly Batch[]): readonly SavedBatch[] {
  return [...gather(allRows(batches), true)].map(saveBatch);
}

/** A batch without a selection, such as {@link gather} makes; its arrays are shared. */
export function saveBatch(batch: Batch): SavedBatch {
  return {
    rows: batch.rows,
    weight: batch.weight,
    open: batch.open === null ? null : batch.open.values,
    hidden: [...batch.hidden],
    nested: batch.nested,
    columns: batch.names.map((name) => [name, saveColumn(batch.column(name)!)]),
  };
}

/** What {@link saveBatches} gave, as batches again. */
export function restoreBatches(state: readonly SavedBatch[]): readonly Batch[] {
  return state.map(({ rows, weight, open, hidden, nested, columns }) => {
    const named = columns.map(([name, column]) => [name, restoreColumn(column)] as const);
    if (open === null) return Batch.of(rows, new Map(named), weight, nested);
    const whole = Batch.ofRows(open as readonly Row[], weight).without(new Set(hidden));
    return named.reduce((batch, [name, column]) => batch.with(name, column), whole);
  });
}

function saveColumn(column: Column): SavedColumn {
  switch (column.kind) {
    case "text":
      return { kind: "text", bytes: column.bytes, starts: column.starts, ends: column.ends };
    case "constant":
      return { kind: "constant", constant: column.constant };
    case "boolean":
      return { kind: "boolean", values: column.values };
    case "value":
      return { kind: "value", values: column.values };
    default:
      return { kind: column.kind, values: column.values };
  }
}

function restoreColumn(column: SavedColumn): Column {
  switch (column.kind) {
    case "text":
      return new TextColumn(column.bytes, column.starts, column.ends);
    case "number":
      return new NumberColumn(column.values);
    case "time":
      return new TimeColumn(column.values);
    case "boolean":
      return new BooleanColumn(column.values);
    case "value":
      return new ValueColumn(column.values);
    case "constant":
      return new ConstantColumn(column.constant);
  }
}
