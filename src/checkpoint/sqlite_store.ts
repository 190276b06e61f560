/**
 * Checkpoints in an SQLite file, through `node:sqlite`, which both runtimes bring.
 * @module
 */
import { mkdirSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Checkpoint, CheckpointEntry, CheckpointStore } from "./store.ts";

const FILE = "checkpoints.sqlite";

/** Another process that ends may need a moment to let go of the file. */
const BUSY_MS = 2_000;

/**
 * One writer alone (the file is locked while it is open), a log that is written ahead, and every transaction on the disk
 * before the call returns: what was told to a client outlives the process and the machine's power.
 */
const SET_UP = `
  PRAGMA busy_timeout = ${BUSY_MS};
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS checkpoints (
    id TEXT PRIMARY KEY,
    head TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    state BLOB NOT NULL
  );
  CREATE TABLE IF NOT EXISTS logs (
    id TEXT NOT NULL,
    place INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (id, place)
  );
`;

/**
 * Opens the store in `directory`, which is made when it is not there. Holds SQLite's page cache of 2 MB.
 * Throws Error when the folder cannot be written or another process has the store open.
 */
export function openSqliteStore(directory: string): CheckpointStore {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const database = new DatabaseSync(`${directory}/${FILE}`);
    database.exec(SET_UP);
    return new SqliteStore(database);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `Cannot keep checkpoints in "${directory}": ${reason}; ` +
        "CHECKPOINT_DIR names a folder that this process may write and no other server uses",
      { cause },
    );
  }
}

class SqliteStore implements CheckpointStore {
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #append: StatementSync;
  readonly #get: StatementSync;
  readonly #entry: StatementSync;
  readonly #list: StatementSync;
  readonly #piece: StatementSync;
  readonly #forget: readonly StatementSync[];

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#put = database.prepare(
      `INSERT INTO checkpoints (id, head, updated_at, state) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET
         head = excluded.head, updated_at = excluded.updated_at, state = excluded.state`,
    );
    this.#append = database.prepare(
      `INSERT INTO logs (id, place, bytes)
       SELECT ?1, coalesce(max(place) + 1, 0), ?2 FROM logs WHERE id = ?1`,
    );
    this.#get = database.prepare("SELECT head, state FROM checkpoints WHERE id = ?");
    this.#entry = database.prepare("SELECT id, head, updated_at FROM checkpoints WHERE id = ?");
    this.#list = database.prepare(
      "SELECT id, head, updated_at FROM checkpoints ORDER BY updated_at, id",
    );
    this.#piece = database.prepare("SELECT bytes FROM logs WHERE id = ? AND place = ?");
    this.#forget = ["checkpoints", "logs"].map((table) =>
      database.prepare(`DELETE FROM ${table} WHERE id = ?`)
    );
  }

  put(id: string, { head, state }: Checkpoint, logged?: Uint8Array): void {
    this.#atomic(() => {
      this.#put.run(id, head, Date.now(), state);
      if (logged !== undefined && logged.length > 0) this.#append.run(id, logged);
    });
  }

  get(id: string): Checkpoint | null {
    const row = this.#get.get(id);
    return row ? { head: String(row["head"]), state: bytesOf(row["state"]) } : null;
  }

  entry(id: string): CheckpointEntry | null {
    const row = this.#entry.get(id);
    return row ? entryOf(row) : null;
  }

  *log(id: string): Generator<Uint8Array> {
    for (let place = 0;; place++) {
      const row = this.#piece.get(id, place);
      if (!row) return;
      yield bytesOf(row["bytes"]);
    }
  }

  delete(id: string): void {
    this.#atomic(() => {
      for (const statement of this.#forget) statement.run(id);
    });
  }

  list(): readonly CheckpointEntry[] {
    return this.#list.all().map(entryOf);
  }

  close(): void {
    this.#database.close();
  }

  #atomic(work: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.exec("COMMIT");
    } catch (fault) {
      // After some faults, such as a full disk, SQLite has done so by itself.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw fault;
    }
  }
}

type SqliteRow = Readonly<Record<string, unknown>>;

function entryOf(row: SqliteRow): CheckpointEntry {
  return {
    id: String(row["id"]),
    head: String(row["head"]),
    updatedAt: Number(row["updated_at"]),
  };
}

/** Deno gives a Uint8Array; where a runtime gives a Buffer, this is its bytes and nothing of its pool. */
function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) {
    throw new Error("Cannot read a checkpoint that holds no bytes");
  }
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}
