/**
 * `into sqlite`: rows written to a table of a database below the configured folder.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { argument } from "../language/arguments.ts";
import type { StageContext } from "../stage.ts";
import { DatabaseBusy, nameFault, writeFailed } from "./files.ts";
import { defineSink, type Sink, type SinkDefinition } from "./sink.ts";
import { SqliteTable } from "./sqlite_table.ts";

/** Rows of one transaction: the request thread belongs to it until it has ended. */
const ROWS_AT_ONCE = 1000;
/** How long another process may write before the run fails, and how often it is asked. */
const BUSY_MS = 5_000;
const PAUSE_MS = 20;

const options = {
  table: argument.text({ description: "The table", option: true }).optional(),
  key: argument.fields({
    description:
      "Fields that name a row: one that is there with these values is updated, not doubled",
    option: true,
  }).optional(),
  create: argument.choice(["yes", "no"], {
    description: "Whether the table and columns that are missing are made; `yes` unless given",
    option: true,
  }).optional(),
};

/** The sink `sqlite`. */
const sqlite: SinkDefinition<typeof options> = defineSink({
  name: "sqlite",
  summary:
    "a table of an SQLite database below the folder FILES; with `key` a row that comes twice is there once",
  options,
  check(target, { table, key = [] }) {
    const message = nameFault(target, "database") ?? tableFault(table) ??
      (key.some(({ path }) => path.length > 1)
        ? "A key is a field of the row, not one inside it"
        : null);
    return message === null ? null : { message };
  },
  refusal(_target, { resources }) {
    const { refusal } = resources.files;
    return refusal === null ? null : { message: refusal };
  },
  create(target, { table = "", key = [], create = "yes" }, context) {
    const keys = key.map(({ path }) => path.join("."));
    return new SqliteSink(target, { table, keys, create: create === "yes" }, context);
  },
});

export default sqlite;

function tableFault(table: string | undefined): string | null {
  if (table === undefined) return "`into sqlite` needs `table=`, the table to write to";
  const sound = table !== "" && table.length <= 100 && !table.includes("\0") &&
    !/^sqlite_/i.test(table);
  return sound ? null : `Expected the name of a table, found ${JSON.stringify(table)}`;
}

interface Counts {
  readonly rows: number;
  readonly inserted: number;
  readonly updated: number;
}

/** A row is in the table when the write that it is part of returns, and on the disk before anybody is told; nothing is kept in memory. */
class SqliteSink implements Sink {
  #table: SqliteTable | null = null;
  #counts: Counts = { rows: 0, inserted: 0, updated: 0 };
  #unflushed = false;
  #disposed = false;

  constructor(
    readonly target: string,
    readonly wanted: {
      readonly table: string;
      readonly keys: readonly string[];
      readonly create: boolean;
    },
    readonly context: StageContext,
  ) {}

  async write(batch: Batch): Promise<void> {
    for (let from = 0; from < batch.length; from += ROWS_AT_ONCE) {
      const rows = [...batch.slice(from, from + ROWS_AT_ONCE).toRows()];
      const { inserted, updated } = await this.#patiently((table) => table.write(rows));
      this.#unflushed = true;
      this.#counts = {
        rows: this.#counts.rows + rows.length,
        inserted: this.#counts.inserted + inserted,
        updated: this.#counts.updated + updated,
      };
    }
  }

  finish() {
    this.#flush();
    return this.#told();
  }

  save(): Counts {
    this.#flush();
    return this.#counts;
  }

  restore(state: unknown): void {
    this.#counts = state as Counts;
  }

  dispose(): void {
    this.#disposed = true;
    this.#table?.close();
    this.#table = null;
  }

  #flush(): void {
    if (!this.#unflushed) return;
    this.#table?.flush();
    this.#unflushed = false;
  }

  async #open(): Promise<SqliteTable> {
    if (this.#table !== null) return this.#table;
    const database = await this.context.resources.files.database(this.target);
    const table = new SqliteTable(database, this.wanted);
    if (this.#disposed) {
      table.close();
      throw new Error("The run is over");
    }
    return this.#table = table;
  }

  /** Does `work`, again while another process writes. */
  async #patiently<T>(work: (table: SqliteTable) => T): Promise<T> {
    const { clock } = this.context.resources;
    const until = clock.now() + BUSY_MS;
    for (;;) {
      try {
        return work(await this.#open());
      } catch (cause) {
        this.context.signal.throwIfAborted();
        const place = `the table "${this.wanted.table}" of "${this.target}"`;
        const again = cause instanceof DatabaseBusy && clock.now() < until && !this.#disposed;
        if (!again) throw writeFailed(place, cause, { ...this.#counts });
      }
      await new Promise<void>((resolve) => void clock.after(PAUSE_MS, resolve));
    }
  }

  #told() {
    return { name: this.target, table: this.wanted.table, ...this.#counts };
  }
}
