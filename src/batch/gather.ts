/**
 * Gathering: rows picked out of batches into new ones, for stages that keep or reorder rows.
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

/** A batch of which fewer rows than this share count is copied rather than kept alive. */
const WASTEFUL_SHARE = 1 / 4;

/** No gathered batch holds more rows than this. */
const GATHERED_ROWS = 4096;

/** Rows of several batches, in any order: the `index`-th is physical row `rows[index]` of `batches[from[index]]`. */
export interface PickedRows {
  readonly batches: readonly Batch[];
  readonly from: Uint32Array;
  readonly rows: Uint32Array;
}

/**
 * The picked rows as new batches of at most 4,096, in order; a batch ends where the next row has other fields. With `copy` they hold
 * nothing of the sources, their `weight` is what they cost; without, columns are gathered when asked for, out of sources
 * that stay alive.
 */
export function* gather(picked: PickedRows, copy: boolean): Generator<Batch> {
  const { batches, from, rows } = picked;
  for (let start = 0; start < from.length;) {
    const first = batches[from[start]!]!;
    const most = Math.min(from.length, start + GATHERED_ROWS);
    let end = start + 1;
    let last = first;
    for (; end < most; end++) {
      const batch = batches[from[end]!]!;
      if (batch !== last && !sameShape(first, batch)) break;
      last = batch;
    }
    const part = { batches, from: from.subarray(start, end), rows: rows.subarray(start, end) };
    yield first.open === null ? gatherColumns(part, first, copy) : gatherOpen(part, first);
    start = end;
  }
}

/** All rows of `batches`, in order; costs 8 bytes a row. */
export function allRows(batches: readonly Batch[]): PickedRows {
  const length = batches.reduce((rows, batch) => rows + batch.length, 0);
  const from = new Uint32Array(length);
  const rows = new Uint32Array(length);
  let at = 0;
  batches.forEach((batch, number) => {
    for (let index = 0; index < batch.length; index++, at++) {
      from[at] = number;
      rows[at] = batch.rowAt(index);
    }
  });
  return { batches, from, rows };
}

/** The batch itself when a fair part of it counts, else a copy of the rows that do: what a stage should keep. */
export function compact(batch: Batch): Batch {
  if (batch.length >= batch.rows * WASTEFUL_SHARE || batch.length > GATHERED_ROWS) return batch;
  const rows = batch.selection ?? new Uint32Array();
  const picked = { batches: [batch], from: new Uint32Array(rows.length), rows };
  for (const copy of gather(picked, true)) return copy;
  return batch;
}

/** About how many bytes a value keeps alive; looks one level into objects and arrays, so it costs no recursion. */
export function weigh(value: Value): number {
  if (typeof value === "string") return 16 + value.length;
  if (typeof value !== "object" || value === null) return 8;
  let weight = 32;
  for (const inner of Object.values(value)) {
    weight += 16 + (typeof inner === "string" ? 16 + inner.length : 8);
  }
  return weight;
}

function sameShape(left: Batch, right: Batch): boolean {
  if (left === right) return true;
  return (left.open === null) === (right.open === null) &&
    sameNames(left.names, right.names) && sameNames(left.nested, right.nested) &&
    left.hidden.size === right.hidden.size && left.hidden.isSubsetOf(right.hidden);
}

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return left === right ||
    left.length === right.length && left.every((name, index) => name === right[index]);
}

function gatherColumns(picked: PickedRows, shape: Batch, copy: boolean): Batch {
  const count = picked.rows.length;
  const make = (name: string) => gatherColumn(picked, (batch) => batch.column(name)!);
  const { names, nested } = shape;
  if (!copy) return Batch.lazy(count, names, make, shareOf(picked), null, nested);
  const columns = new Map(names.map((name) => [name, make(name)]));
  let weight = 0;
  for (const column of columns.values()) weight += columnWeight(column, count);
  return Batch.of(count, columns, weight, nested);
}

function gatherOpen(picked: PickedRows, shape: Batch): Batch {
  const open = pickValues(picked, (batch) => batch.open!) as readonly Row[];
  let weight = 0;
  for (const row of open) weight += weigh(row);
  let batch = Batch.ofRows(open, Math.max(weight, shareOf(picked)));
  if (shape.hidden.size > 0) batch = batch.without(shape.hidden);
  for (const name of shape.names) {
    batch = batch.with(name, gatherColumn(picked, (source) => source.column(name)!));
  }
  return batch;
}

/** What the picked rows weigh when all rows of a batch weigh the same. */
function shareOf({ batches, from }: PickedRows): number {
  let weight = 0;
  for (let index = 0; index < from.length; index++) {
    const batch = batches[from[index]!]!;
    weight += batch.weight / Math.max(1, batch.rows);
  }
  return Math.ceil(weight);
}

function columnWeight(column: Column, count: number): number {
  switch (column.kind) {
    case "text":
      return column.bytes.byteLength + 8 * count;
    case "value":
      return column.values.reduce((weight: number, value) => weight + 8 + weigh(value), 0);
    case "boolean":
      return count;
    case "constant":
      return weigh(column.constant);
    default:
      return 8 * count;
  }
}

type ColumnOf = (batch: Batch) => Column;

/** One column of the picked rows: of the sources' own kind when they agree in it, else of values. */
function gatherColumn(picked: PickedRows, columnOf: ColumnOf): Column {
  const columns = columnsOf(picked, columnOf);
  const used = columns.filter((column) => column !== undefined);
  const kind = used[0]?.kind;
  if (used.some((column) => column.kind !== kind)) {
    return new ValueColumn(pickValues(picked, columnOf));
  }
  switch (kind) {
    case "text":
      return gatherText(picked, columns as readonly TextColumn[]);
    case "number":
      return new NumberColumn(gatherNumbers(picked, columns as readonly NumberColumn[]));
    case "time":
      return new TimeColumn(gatherNumbers(picked, columns as readonly TimeColumn[]));
    case "boolean":
      return gatherBooleans(picked, columns as readonly BooleanColumn[]);
    case "constant":
      if (used.length === 1) return new ConstantColumn((used[0] as ConstantColumn).constant);
  }
  return new ValueColumn(pickValues(picked, columnOf));
}

/** The column of each batch that a picked row comes from, made once; undefined for the others. */
function columnsOf({ batches, from }: PickedRows, columnOf: ColumnOf): (Column | undefined)[] {
  const columns = new Array<Column | undefined>(batches.length).fill(undefined);
  for (const index of from) columns[index] ??= columnOf(batches[index]!);
  return columns;
}

function pickValues(picked: PickedRows, columnOf: ColumnOf): Value[] {
  const columns = columnsOf(picked, columnOf);
  return Array.from(picked.rows, (row, index) => columns[picked.from[index]!]!.value(row));
}

function gatherText({ from, rows }: PickedRows, columns: readonly TextColumn[]): TextColumn {
  const starts = new Int32Array(rows.length);
  const ends = new Int32Array(rows.length);
  let size = 0;
  for (let index = 0; index < rows.length; index++) {
    const column = columns[from[index]!]!;
    const row = rows[index]!;
    const start = column.starts[row]!;
    starts[index] = start < 0 ? -1 : size;
    if (start >= 0) size += column.ends[row]! - start;
    ends[index] = size;
  }
  const bytes = new Uint8Array(size);
  for (let index = 0; index < rows.length; index++) {
    if (starts[index]! < 0) continue;
    const column = columns[from[index]!]!;
    const row = rows[index]!;
    bytes.set(column.bytes.subarray(column.starts[row]!, column.ends[row]!), starts[index]!);
  }
  return new TextColumn(bytes, starts, ends);
}

function gatherNumbers(
  { from, rows }: PickedRows,
  columns: readonly { readonly values: Float64Array }[],
): Float64Array {
  const values = new Float64Array(rows.length);
  for (let index = 0; index < rows.length; index++) {
    values[index] = columns[from[index]!]!.values[rows[index]!]!;
  }
  return values;
}

function gatherBooleans(
  { from, rows }: PickedRows,
  columns: readonly BooleanColumn[],
): BooleanColumn {
  const values = new Uint8Array(rows.length);
  for (let index = 0; index < rows.length; index++) {
    values[index] = columns[from[index]!]!.values[rows[index]!]!;
  }
  return new BooleanColumn(values);
}
