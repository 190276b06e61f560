/**
 * DuckDB as a process that answers: SQL in a JSON line on standard input, rows in a JSON line on standard output.
 * Each question has a database in memory of its own, with two threads; files are read anew.
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";

interface Connection {
  runAndReadAll(sql: string): Promise<{ getRowObjectsJson(): unknown[] }>;
  closeSync(): void;
}

interface DuckDb {
  readonly DuckDBInstance: {
    create(
      path: string,
      options: Readonly<Record<string, string>>,
    ): Promise<{ connect(): Promise<Connection>; closeSync(): void }>;
  };
}

const THREADS = "2";
// Not a literal, so that the type checkers do not look for a package that may not be installed.
const name: string = "@duckdb/node-api";
const { DuckDBInstance } = await import(name) as DuckDb;

async function answer(sql: string): Promise<unknown[]> {
  const database = await DuckDBInstance.create(":memory:", { threads: THREADS });
  const connection = await database.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    database.closeSync();
  }
}

const tell = (message: unknown) => process.stdout.write(`${JSON.stringify(message)}\n`);
const [version] = await answer("SELECT version() AS version");
tell(version);
for await (const line of createInterface({ input: process.stdin })) {
  const { sql } = JSON.parse(line) as { sql: string };
  tell(
    await answer(sql).then((rows) => ({ rows }), (fault: unknown) => ({ error: String(fault) })),
  );
}
