/**
 * Filling a cache from a table before its first use.
 * @module
 */
import type { Row, Value } from "../batch/column.ts";
import { define } from "../batch/objects.ts";
import { type AnswerCache, keyOf } from "./answer_cache.ts";
import { fieldOf, othersThan, type Table } from "./tables.ts";

/**
 * Puts every row of `table` into `cache`: its `column` is the key, its other columns are the fields. A text that spells a
 * number is the key of that number too, since CSV has only text. Throws Error when there is no such column.
 */
export function warm(cache: AnswerCache, table: Table, column: string): void {
  if (!table.columns.includes(column)) {
    throw new Error(`Cannot warm a cache: the table has no column \`${column}\``);
  }
  const others = othersThan(column, table);
  for (const row of table.rows) {
    const key = fieldOf(row, column);
    const fields = picked(row, others);
    cache.set(keyOf(key), fields);
    if (typeof key === "string" && key !== "" && String(Number(key)) === key) {
      cache.set(keyOf(Number(key)), fields);
    }
  }
}

function picked(row: Row, names: readonly string[]): Row {
  const fields: Record<string, Value> = {};
  for (const name of names) define(fields, name, fieldOf(row, name));
  return fields;
}
