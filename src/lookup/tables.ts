/**
 * Tables that rows are joined with: small files, held whole.
 * @module
 */
import type { Row, Value } from "../batch/column.ts";
import { property } from "../batch/objects.ts";
import { toText } from "../expression/values.ts";

/** The rows of a table, found by the text of one of its columns. */
export class Table {
  readonly #indexes = new Map<string, ReadonlyMap<string, Row>>();

  /** `bytes` is about what the rows hold. */
  constructor(
    readonly columns: readonly string[],
    readonly rows: readonly Row[],
    readonly bytes: number,
  ) {}

  /** The first row of each text in `column`; made once, at about 64 bytes a row. Null when there is no such column. */
  index(column: string): ReadonlyMap<string, Row> | null {
    if (!this.columns.includes(column)) return null;
    const known = this.#indexes.get(column);
    if (known !== undefined) return known;
    const index = new Map<string, Row>();
    for (const row of this.rows) {
      const text = toText(fieldOf(row, column));
      if (text !== null && !index.has(text)) index.set(text, row);
    }
    this.#indexes.set(column, index);
    return index;
  }
}

/** The fields of a table's row, less `column`. */
export function othersThan(column: string, table: Table): readonly string[] {
  return table.columns.filter((name) => name !== column);
}

/** The field of a row, null where it has none. */
export function fieldOf(row: Row | undefined, name: string): Value {
  return property(row, name) ?? null;
}

/** The tables of a folder. */
export interface Tables {
  /** The table of that name. Rejects with Error when there is none, or it cannot be read: what was tried and found. */
  open(name: string): Promise<Table>;
}

/** A table that came with a run. */
export interface UploadedTable {
  /** The table, read once. Throws RunError. */
  table(): Table;
}

/** For whoever has configured no folder. */
export const NO_TABLES: Tables = {
  open: (name) => Promise.reject(new Error(`There is no table \`${name}\`: set TABLES=DIRECTORY`)),
};
