/**
 * A table of an SQLite database that rows are put into, with the columns that they bring.
 * @module
 */
import type { Row, Value } from "../batch/column.ts";
import type { Database, SqlStatement, SqlValue } from "./files.ts";

/** The most columns that rows may bring. */
const MOST_COLUMNS = 200;
/** Statements that are kept for rows of other shapes to come again. */
const MOST_SHAPES = 64;

/** What to write to. */
export interface WantedTable {
  readonly table: string;
  /** Columns whose values name a row; none: every row is another. */
  readonly keys: readonly string[];
  /** Whether the table and its columns are made. */
  readonly create: boolean;
}

/** Rows of one statement: one for each row costs twice as much on Deno. */
const ROWS_OF_A_STATEMENT = 16;

interface Shape {
  readonly names: readonly string[];
  readonly insert: SqlStatement;
  /** Of {@link ROWS_OF_A_STATEMENT} rows. */
  readonly insertMany: SqlStatement;
  /** Null where a row has nothing but its key. */
  readonly update: SqlStatement | null;
  /** The names in the order in which the update takes their values. */
  readonly order: readonly string[];
}

/**
 * Opened when the first rows come. Keeps the columns' names and statements for 64 shapes of rows. A value is stored as it is, for the
 * columns it makes have no type: whole numbers as INTEGER, others as REAL, truth as 1 and 0, instants as ISO 8601 text, lists and
 * objects as JSON text.
 */
export class SqliteTable {
  readonly #name: string;
  /** By the name in lower case, as SQLite compares them. */
  #columns: Set<string> | null = null;
  readonly #shapes = new Map<string, Shape>();

  constructor(readonly database: Database, readonly wanted: WantedTable) {
    this.#name = quoted(wanted.table);
  }

  /** Writes all of `rows` or none. Throws DatabaseBusy, or Error for what cannot be stored. */
  write(rows: readonly Row[]): { inserted: number; updated: number } {
    this.database.exec("BEGIN IMMEDIATE");
    try {
      this.#columns ??= this.#read(rows);
      let inserted = 0;
      for (let at = 0; at < rows.length;) {
        const shape = this.#shapeOf(Object.keys(rows[at]!));
        const end = endOfShape(rows, at, shape.names);
        inserted += this.#put(shape, rows.slice(at, end));
        at = end;
      }
      this.database.exec("COMMIT");
      return { inserted, updated: rows.length - inserted };
    } catch (fault) {
      this.#forget();
      // After some faults, such as a full disk, SQLite has done so by itself.
      if (this.database.inTransaction()) this.database.exec("ROLLBACK");
      throw fault;
    }
  }

  /** Makes what was written outlast the machine's power. */
  flush(): void {
    this.database.flush();
  }

  close(): void {
    this.#forget();
    this.database.close();
  }

  /** Columns that were made are gone when their transaction is. */
  #forget(): void {
    this.#columns = null;
    this.#shapes.clear();
  }

  #read(rows: readonly Row[]): Set<string> {
    const found = this.database.prepare(`PRAGMA table_info(${this.#name})`).all();
    if (found.length > 0) return new Set(found.map((column) => lower(String(column["name"]))));
    const { table, keys, create } = this.wanted;
    if (!create) throw new Error(`There is no table "${table}", and \`create=no\` makes none`);
    const names = keys.length > 0 ? keys : Object.keys(rows[0] ?? {}).slice(0, 1);
    if (names.length === 0) throw new Error("The first row has no field to make a table of");
    const key = keys.length > 0 ? `, PRIMARY KEY (${keys.map(quoted).join(", ")})` : "";
    const columns = names.map((name) => `${quoted(name)}${keys.length > 0 ? " NOT NULL" : ""}`);
    this.database.exec(`CREATE TABLE ${this.#name} (${columns.join(", ")}${key})`);
    return new Set(names.map(lower));
  }

  /** Puts rows of one shape; how many of them are new. */
  #put({ names, insert, insertMany, update, order }: Shape, rows: readonly Row[]): number {
    this.#checkKeys(rows);
    let inserted = 0;
    for (let at = 0; at < rows.length;) {
      const whole = rows.length - at >= ROWS_OF_A_STATEMENT;
      const part = rows.slice(at, at += whole ? ROWS_OF_A_STATEMENT : 1);
      const fresh = (whole ? insertMany : insert).run(
        part.flatMap((row) => names.map((name) => sqlValue(row[name]!))),
      );
      inserted += fresh;
      // Which were there is not told; the others get the same values once more.
      if (fresh === part.length || update === null) continue;
      for (const row of part) update.run(order.map((name) => sqlValue(row[name]!)));
    }
    return inserted;
  }

  #checkKeys(rows: readonly Row[]): void {
    for (const key of this.wanted.keys) {
      if (rows.every((row) => Object.hasOwn(row, key) && row[key] !== null)) continue;
      throw new Error(
        `A row has no \`${key}\`, which is its key; put \`where ${key} != null\` before it`,
      );
    }
  }

  #shapeOf(names: readonly string[]): Shape {
    const id = JSON.stringify(names);
    const known = this.#shapes.get(id);
    if (known !== undefined) return known;
    if (names.length === 0) throw new Error("A row has no field");
    if (new Set(names.map(lower)).size < names.length) {
      throw new Error("A row has two fields whose names differ in case alone");
    }
    for (const name of names) this.#addColumn(name);
    const shape = this.#prepare(names);
    const [oldest] = this.#shapes.keys();
    if (this.#shapes.size >= MOST_SHAPES && oldest !== undefined) this.#shapes.delete(oldest);
    this.#shapes.set(id, shape);
    return shape;
  }

  #addColumn(name: string): void {
    const columns = this.#columns!;
    if (columns.has(lower(name))) return;
    const { table, create } = this.wanted;
    if (!create) {
      throw new Error(`The table "${table}" has no column "${name}", and \`create=no\` makes none`);
    }
    if (columns.size >= MOST_COLUMNS) {
      throw new Error(`The rows have more than ${MOST_COLUMNS} fields; put \`select\` before it`);
    }
    this.database.exec(`ALTER TABLE ${this.#name} ADD COLUMN ${quoted(name)}`);
    columns.add(lower(name));
  }

  #prepare(names: readonly string[]): Shape {
    const keys = this.wanted.keys;
    const others = names.filter((name) => !keys.includes(name));
    const insert = `INSERT INTO ${this.#name} (${names.map(quoted).join(", ")}) VALUES`;
    const places = names.map(() => "?").join(", ");
    const conflict = keys.length === 0
      ? ""
      : ` ON CONFLICT (${keys.map(quoted).join(", ")}) DO NOTHING`;
    const set = others.map((name) => `${quoted(name)} = ?`).join(", ");
    const where = keys.map((name) => `${quoted(name)} = ?`).join(" AND ");
    return {
      names,
      insert: this.database.prepare(`${insert} (${places})${conflict}`),
      insertMany: this.database.prepare(
        `${insert} ${Array(ROWS_OF_A_STATEMENT).fill(`(${places})`).join(", ")}${conflict}`,
      ),
      update: keys.length === 0 || others.length === 0
        ? null
        : this.database.prepare(`UPDATE ${this.#name} SET ${set} WHERE ${where}`),
      order: [...others, ...keys],
    };
  }
}

/** Where the rows from the `start`-th on that have these names end. */
function endOfShape(rows: readonly Row[], start: number, names: readonly string[]): number {
  let end = start + 1;
  for (; end < rows.length; end++) {
    let at = 0;
    for (const name in rows[end]) if (name !== names[at++]) return end;
    if (at !== names.length) return end;
  }
  return end;
}

/** As SQLite compares names: letters of ASCII without case. */
function lower(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** A name as SQL has it, whatever is in it. */
function quoted(name: string): string {
  if (name === "" || name.includes("\0")) {
    throw new Error(`Expected the name of a column, found ${JSON.stringify(name)}`);
  }
  return `"${name.replaceAll('"', '""')}"`;
}

function sqlValue(value: Value): SqlValue {
  if (value === null || typeof value === "string") return value;
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value === "boolean") return value ? 1n : 0n;
  return value instanceof Date ? value.toISOString() : JSON.stringify(value);
}
