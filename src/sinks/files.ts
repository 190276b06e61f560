/**
 * The folder that rows may be written to, as sinks see it: names go in, no path comes out.
 * @module
 */
import { RunError } from "../errors.ts";

/** A value of a column of an SQLite table. Whole numbers are bigints, so that they are stored as INTEGER. */
export type SqlValue = null | number | bigint | string;

/** A statement that was read once and is run often. */
export interface SqlStatement {
  /** How many rows it changed. */
  run(values: readonly SqlValue[]): number;
  all(): readonly Readonly<Record<string, unknown>>[];
}

/** An SQLite database. Calls are synchronous and throw Error, one of a lock as {@link DatabaseBusy}. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): SqlStatement;
  inTransaction(): boolean;
  /** Makes the transactions that have ended outlast the machine's power; the process they outlast anyway. */
  flush(): void;
  close(): void;
}

/** Another process writes to the database: to be tried again. */
export class DatabaseBusy extends Error {
  override readonly name = "DatabaseBusy";
}

/** A file that is being written beside its name, and that nobody sees before it is whole. */
export interface DraftFile {
  /** How its run finds it again. */
  readonly id: string;
  write(bytes: Uint8Array): Promise<void>;
  /** Puts what was written in the place of the file of that name, on the disk. */
  replace(): Promise<void>;
  /**
   * Adds what was written to the end of the file of that name, or leaves that as it was. `skip` is asked, while nobody
   * else adds, how many bytes of the start to leave out; what it throws is told.
   */
  append(skip: (there: FileStart | null) => number): Promise<void>;
  /** Makes what was written outlast the process. Synchronous, as it is part of a checkpoint. */
  flush(): void;
  /** Lets go of it; with `keep` it stays to be found again. */
  close(keep: boolean): void;
}

/** What there is of a file: its bytes, and its first line. */
export interface FileStart {
  readonly bytes: number;
  readonly firstLine: string;
}

/** Where a draft goes on: what {@link DraftFile.id} was, and how many of its bytes count. */
export interface DraftState {
  readonly id: string;
  readonly bytes: number;
}

/** One folder, and those in it. Every name is checked by each call. */
export interface Files {
  /** Whether drafts of a run that is cut may be gone on with by a later one. */
  readonly durable: boolean;
  /** The most bytes of one file, or of a database. */
  readonly maxBytes: number;
  /** Why nothing may be written to any name; null when it may. */
  readonly refusal: string | null;
  /**
   * Starts to write the file `name`, whose folders are made; with `state` goes on with a draft. Null when that draft is
   * gone. Rejects with Error when the name leads elsewhere.
   */
  draft(name: string, state: DraftState | null): Promise<DraftFile | null>;
  /** Opens the database `name`, which is made. Rejects with Error when the name leads elsewhere. */
  database(name: string): Promise<Database>;
}

/** What an operator of a server without a folder is told. */
const NO_FOLDER = "Nothing may be written to files: the setting FILES names no folder";

/** No folder. */
export const NO_FILES: Files = {
  durable: false,
  maxBytes: 0,
  refusal: NO_FOLDER,
  draft: () => Promise.reject(new Error(NO_FOLDER)),
  database: () => Promise.reject(new Error(NO_FOLDER)),
};

const MOST_NAME = 200;
const SEGMENT = /^[\p{L}\p{N}_-][\p{L}\p{N}_. -]*$/u;

/** The endings of databases, which are no other file's. */
const DATABASE = /\.(db|sqlite|sqlite3)(-\w+)?$/i;

/**
 * What is wrong with `name` as the name of a file below the folder, or null: segments of letters, digits, `_`, `-`, dots
 * and spaces, with `/` between, none beginning with a dot or a space or ending in one. Databases end in .db, .sqlite or .sqlite3, and
 * nothing else does.
 */
export function nameFault(name: string, kind: "file" | "database"): string | null {
  const shown = JSON.stringify(name);
  const sound = name.length <= MOST_NAME &&
    name.split("/").every((segment) => SEGMENT.test(segment) && !/[. ]$/.test(segment));
  if (!sound) {
    return `Expected the name of a file below the folder FILES, such as "daily/errors.ndjson", found ${shown}`;
  }
  const database = DATABASE.exec(name);
  if (kind === "file" && database !== null) {
    return `Expected the name of a file that is no database, found ${shown}`;
  }
  if (kind === "database" && (database === null || database[2] !== undefined)) {
    return `Expected the name of a database, ending in .db, .sqlite or .sqlite3, found ${shown}`;
  }
  return null;
}

/** A fault of a place that is written to, as the run's. */
export function writeFailed(
  place: string,
  cause: unknown,
  details: Readonly<Record<string, unknown>>,
): RunError {
  if (cause instanceof RunError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RunError("dependency_failed", `Cannot write to ${place}: ${reason}`, details, {
    cause,
  });
}
