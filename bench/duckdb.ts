/**
 * DuckDB as a baseline: installed beside its own package.json when it is first asked for, run as a process of its own.
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { RUNTIME } from "./processes.ts";

const FOLDER = new URL("duckdb/", import.meta.url).pathname;
const BUN = RUNTIME === "bun"
  ? process.execPath
  : new URL("../node_modules/.bin/bun", import.meta.url).pathname;
const INSTALL_MS = 180_000;

/** DuckDB at work. */
export interface DuckDb {
  readonly version: string;
  /** Seconds that a statement took, and its rows as NDJSON. Throws with DuckDB's message. */
  ask(sql: string): Promise<{ seconds: number; output: string }>;
  stop(): Promise<void>;
}

/** Starts DuckDB, or tells why it is absent. */
export async function startDuckDb(): Promise<DuckDb | { readonly absent: string }> {
  if (!existsSync(`${FOLDER}node_modules/@duckdb/node-api`)) {
    const { status, error } = spawnSync(BUN, ["install", "--frozen-lockfile", "--silent"], {
      cwd: FOLDER,
      timeout: INSTALL_MS,
    });
    if (status !== 0) {
      return { absent: `it could not be installed (${error?.message ?? `code ${status}`})` };
    }
  }
  const flags = RUNTIME === "bun" ? [] : ["run", "-A", "--no-lock"];
  const child = spawn(process.execPath, [...flags, `${FOLDER}main.ts`], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  return await talk(child);
}

async function talk(child: ChildProcess): Promise<DuckDb | { readonly absent: string }> {
  let errors = "";
  child.stderr!.on("data", (chunk) => errors += chunk);
  const closed = once(child, "close");
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true) return { absent: `it does not run on ${RUNTIME}: ${errors.trim()}` };
  const { version } = JSON.parse(first.value) as { version: string };
  return {
    version,
    ask: async (sql) => {
      const started = performance.now();
      child.stdin!.write(`${JSON.stringify({ sql })}\n`);
      const line = await lines.next();
      const seconds = (performance.now() - started) / 1000;
      if (line.done === true) throw new Error(`DuckDB ended: ${errors.trim()}`);
      const { rows, error } = JSON.parse(line.value) as { rows?: unknown[]; error?: string };
      if (rows === undefined) throw new Error(`DuckDB refused ${sql}: ${error}`);
      return { seconds, output: rows.map((row) => JSON.stringify(row)).join("\n") };
    },
    stop: async () => {
      child.stdin!.end();
      await closed;
    },
  };
}
