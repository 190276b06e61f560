/**
 * `lookup csv` and `lookup table` at work: rows joined with a table.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { type Column, ConstantColumn, type Value, ValueColumn } from "../batch/column.ts";
import { RunError } from "../errors.ts";
import type { ColumnOf } from "../expression/compile.ts";
import { toText } from "../expression/values.ts";
import type { Row } from "../batch/column.ts";
import type { Operator, Outputs, StageContext } from "../stage.ts";
import { fieldOf, othersThan, type Table } from "./tables.ts";

/** How rows are joined. */
export interface TableLookupOptions {
  /** For messages. */
  readonly name: string;
  readonly open: () => Table | Promise<Table>;
  /** What rows are joined by; null for the field with the column's name. */
  readonly on: ColumnOf | null;
  /** The table's column; null for its first. */
  readonly column: string | null;
  /** Whether the run's budget is to hold the table. */
  readonly counts: boolean;
  /** The one column to add, an object; null to add the table's other columns. */
  readonly as: string | null;
}

interface Opened {
  readonly table: Table;
  readonly column: string;
  readonly index: ReadonlyMap<string, Row>;
}

/** Joins rows with the first row of the table that has the same text in its column; null where there is none. */
export class TableLookup implements Operator<Batch, Batch> {
  #opened: Opened | null = null;
  #hits = 0;
  #misses = 0;
  #declared = 0;

  constructor(readonly options: TableLookupOptions, readonly context: StageContext) {}

  push(batch: Batch): Outputs<Batch> | Promise<Outputs<Batch>> {
    if (this.#opened !== null) return [this.#join(batch, this.#opened)];
    const table = this.options.open();
    if (!(table instanceof Promise)) return [this.#join(batch, this.#open(table))];
    return table.catch(cannotRead).then((table) => [this.#join(batch, this.#open(table))]);
  }

  #open(table: Table): Opened {
    const { name } = this.options;
    const column = this.options.column ?? table.columns[0] ?? "";
    const index = table.index(column);
    if (index === null) {
      throw new RunError(
        "table_unfit",
        `Table \`${name}\` has no column \`${column}\`; it has ${table.columns.join(", ")}`,
      );
    }
    if (this.options.counts) {
      this.context.budget.take(table.bytes);
      this.#declared = table.bytes;
    }
    return this.#opened = { table, column, index };
  }

  dispose(): void {
    this.context.budget.take(-this.#declared);
    this.#declared = 0;
  }

  #join(batch: Batch, { table, column, index }: Opened): Batch {
    const keys: Column = this.options.on?.(batch) ?? batch.field([column]);
    const found = new Array<Row | undefined>(batch.rows).fill(undefined);
    for (let at = 0; at < batch.length; at++) {
      const row = batch.rowAt(at);
      const text = toText(keys.value(row));
      found[row] = text === null ? undefined : index.get(text);
      if (found[row] === undefined) this.#misses++;
      else this.#hits++;
    }
    this.context.fact("hits", this.#hits);
    this.context.fact("misses", this.#misses);
    const others = othersThan(column, table);
    if (this.options.as !== null) {
      const values = found.map((row): Value =>
        row === undefined
          ? null
          : Object.fromEntries(others.map((name) => [name, fieldOf(row, name)]))
      );
      return batch.with(this.options.as, new ValueColumn(values));
    }
    return others.reduce((joined, name) => joined.with(name, columnOf(found, name)), batch);
  }
}

function columnOf(found: readonly (Row | undefined)[], name: string): Column {
  if (found.every((row) => row === undefined)) return new ConstantColumn(null);
  return new ValueColumn(found.map((row) => fieldOf(row, name)));
}

function cannotRead(fault: unknown): never {
  if (fault instanceof RunError) throw fault;
  const message = fault instanceof Error ? fault.message : String(fault);
  throw new RunError("table_unfit", message, {}, { cause: fault });
}
