/**
 * SQLite databases that rows are written to, through `node:sqlite`, which both runtimes bring.
 * @module
 */
import { closeSync, constants, fsyncSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { type Database, DatabaseBusy } from "../src/sinks/files.ts";

/** SQLITE_BUSY and SQLITE_LOCKED, as the runtimes tell them. */
const BUSY = /\b(database|table) (table )?is locked\b/;

/**
 * Opens the database at `path`, which is made: with a log that is written ahead, and at most `maxBytes` large. A
 * transaction outlives the process when it ends, and the machine's power after `flush`: waiting for the disk at each would take
 * most of the time. It never waits for another writer: that is told at once as DatabaseBusy. Holds SQLite's page cache of 2 MB.
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
      database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
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
    flush() {
      sync(`${path}-wal`);
      sync(path.slice(0, path.lastIndexOf("/") + 1));
    },
    close: () => database.close(),
  };
}

/** Has the disk keep what was written to a file, or a folder's names; what is not there has nothing to keep. */
function sync(path: string): void {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY);
  } catch (fault) {
    if (fault instanceof Error && "code" in fault && fault.code === "ENOENT") return;
    throw fault;
  }
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
