/**
 * CSV out: rows as records of RFC 4180 with line feeds, the names of their fields first.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Row, Value } from "../batch/column.ts";
import { isObject } from "../batch/objects.ts";
import { encodeText } from "../batch/text.ts";

/**
 * Rows as CSV. The columns are the fields of the first row. Null and a field that is missing are nothing, empty text is
 * `""`, an instant is ISO 8601, a list or an object its JSON. Keeps the names of the columns.
 */
export class CsvRows {
  /** The names of the fields, once there was a row. */
  columns: readonly string[] | null = null;

  /** The line of names; null before the first row. */
  get head(): string | null {
    return this.columns === null ? null : recordOf(this.columns);
  }

  /** The rows of `batch`, behind the head when they are the first. Throws Error for a row with a field that no column has. */
  encode(batch: Batch): Uint8Array {
    let text = "";
    for (const row of batch.toRows()) {
      if (this.columns === null) {
        this.columns = Object.keys(row);
        text += `${this.head}\n`;
      }
      this.#expectKnown(row, this.columns);
      const values = this.columns.map((name) => Object.hasOwn(row, name) ? row[name]! : null);
      text += `${recordOf(values)}\n`;
    }
    return encodeText(text);
  }

  #expectKnown(row: Row, columns: readonly string[]): void {
    const names = Object.keys(row);
    if (names.length <= columns.length && names.every((name, at) => columns[at] === name)) return;
    const other = names.find((name) => !columns.includes(name));
    if (other === undefined) return;
    throw new Error(
      `A row has the field ${JSON.stringify(other)}, and the columns are ${recordOf(columns)}; ` +
        "put `select` before it",
    );
  }
}

function recordOf(values: readonly Value[]): string {
  return values.map(fieldOf).join(",");
}

function fieldOf(value: Value): string {
  if (value === null) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (value instanceof Date) return value.toISOString();
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const plain = text !== "" && !/[",\r\n]/.test(text) && text === text.trim();
  return plain && !isObject(value) ? text : `"${text.replaceAll('"', '""')}"`;
}
