/**
 * SQLite databases that rows are written to, through `node:sqlite`, which both runtimes bring.
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { type Database, DatabaseBusy } from "../src/sinks/files.ts";

/** SQLITE_BUSY and SQLITE_LOCKED, as the runtimes tell them. */
const BUSY = /\b(database|table) (table )?is locked\b/;

/**
 * Opens the database at `path`, which is made: with a log that is written ahead, on the disk when a transaction ends, and at most
 * `maxBytes` large. It never waits for another writer: that is told at once as DatabaseBusy. Holds SQLite's page cache of 2 MB.
 */
export function openDatabase(path: string, maxBytes: number): Database {
  const database = new DatabaseSync(path);
  const told = <T>(work: () => T): T => {
    try {
      return work();
    } catch (fault) {
      if (!(fault instanceof Error) || !BUSY.test(fault.message)) throw fault;
      throw new DatabaseBusy(fault.message, { cause: fault });
    }
  };
  try {
    told(() => {
      database.exec("PRAGMA busy_timeout = 0; PRAGMA trusted_schema = OFF;");
      database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
      const row = database.prepare("PRAGMA page_size").get();
      const pages = Math.max(1, Math.floor(maxBytes / Number(row?.["page_size"])));
      if (Number.isFinite(pages)) database.exec(`PRAGMA max_page_count = ${pages}`);
    });
  } catch (fault) {
    database.close();
    throw fault;
  }
  return {
    exec: (sql) => told(() => database.exec(sql)),
    prepare(sql) {
      const statement = told(() => database.prepare(sql));
      return {
        run: (values) => told(() => Number(statement.run(...values).changes)),
        all: () => told(() => statement.all()),
      };
    },
    inTransaction: () => database.isTransaction,
    close: () => database.close(),
  };
}
