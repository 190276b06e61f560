/**
 * What a chaos plan may reach: a host, a table of the server, one of the run, a folder; the same without trouble for the run
 * that it is compared with; and whether what was written outside is what the run says.
 * @module
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { encodeText } from "../../src/batch/text.ts";
import { readTable, uploadedTable } from "../../src/lookup/read_table.ts";
import type { Resources } from "../../src/resources.ts";
import { CalmDoor, ChaosHost } from "./chaos_host.ts";
import type { PlannedSink } from "./chaos_grown.ts";
import { exampleResources, filesInMemory } from "./resources.ts";

const USERS = Array.from({ length: 20 }, (_, n) => `u${n},Name ${n},${n % 3 ? "red" : "blue"}`);
const USERS_TABLE = `user,name,team\n${USERS.join("\n")}\n`;
/** The table that comes with a run. */
export const RUN_TABLE = "place,floor\n/p1,1\n/p2,2\nu3,3\nGET,4\n";

/** Resources without trouble, and a look at what was written to them. */
export interface CalmPlaces {
  readonly resources: Resources;
  read(sink: PlannedSink): Promise<string>;
}

/** Makes places for a run that nothing disturbs. */
export function calmPlaces(): CalmPlaces {
  const http = new CalmDoor();
  const files = filesInMemory();
  const users = readTable(encodeText(USERS_TABLE), "csv", 1e6);
  const resources = {
    ...exampleResources(),
    http,
    files,
    tables: { open: () => Promise.resolve(users) },
    uploaded: uploadedTable(encodeText(RUN_TABLE), "places.csv", 1e6),
  };
  return {
    resources,
    async read({ kind, name }) {
      if (kind === "http") return http.receipts.rowsOf(name);
      if (kind === "file") return files.texts.get(name) ?? "";
      const database = await files.database(name);
      if (database.prepare("SELECT 1 FROM sqlite_master WHERE name = 't'").all().length === 0) {
        return "";
      }
      return linesOf(database.prepare("SELECT * FROM t").all() as object[]);
    },
  };
}

/** Columns stand in the order in which rows brought them, which is not that of the upload; those a row lacks are null. */
const linesOf = (rows: readonly object[]) =>
  rows.map((row) => {
    const there = Object.entries(row).filter(([, value]) => value !== null);
    return `${JSON.stringify(there.sort())}\n`;
  }).join("");

/** The places of a server of chaos tests. */
export class Places {
  readonly files: string;
  readonly #tables: string;

  private constructor(folder: string, readonly host: ChaosHost) {
    this.files = `${folder}/files`;
    this.#tables = `${folder}/tables`;
    mkdirSync(this.files);
    mkdirSync(this.#tables);
    writeFileSync(`${this.#tables}/users.csv`, USERS_TABLE);
  }

  static async open(folder: string): Promise<Places> {
    return new Places(folder, await ChaosHost.start());
  }

  get settings(): Readonly<Record<string, string>> {
    return {
      FILES: this.files,
      TABLES: this.#tables,
      LOOKUP_HOSTS: `${this.host.address}=private`,
    };
  }

  /** What is left of a run that is over: drafts, and databases that are open. */
  left(): readonly string[] {
    return readdirSync(this.files).filter((name) => /\.part$|-wal$|-shm$/.test(name));
  }

  /** What was written, row by row; null when there is no such place. */
  read({ kind, name }: PlannedSink): string | null {
    if (kind === "http") return this.host.receipts.rowsOf(name);
    const path = `${this.files}/${name}`;
    if (!existsSync(path)) return null;
    if (kind === "file") return readFileSync(path, "utf8");
    const database = new DatabaseSync(path);
    try {
      const made = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 't'").all();
      return made.length === 0 ? "" : linesOf(database.prepare("SELECT * FROM t").all());
    } finally {
      database.close();
    }
  }

  clear(): void {
    this.host.clear();
    for (const name of readdirSync(this.files)) rmSync(`${this.files}/${name}`);
  }
}

/** What a run that is over has written is what it had to write: all of it, or, where it failed, nothing else. */
export async function expectWritten(
  sink: PlannedSink,
  places: Places,
  calm: CalmPlaces,
  complete: boolean,
): Promise<void> {
  const { name, kind, ordered } = sink;
  const right = linesIn(await calm.read(sink), ordered);
  const text = places.read(sink);
  const written = linesIn(text ?? "", ordered);
  if (complete) return assert.deepEqual(written, right, `${kind} ${name} of a complete run`);
  if (kind === "file") {
    if (text !== null) assert.deepEqual(written, right, `the file ${name} is whole or not there`);
    return;
  }
  if (sink.keyed) return assert.ok(written.length <= right.length, `rows of ${name}`);
  const left = [...right];
  for (const line of written) {
    const at = left.indexOf(line);
    assert.ok(at >= 0, `${kind} ${name} has a row too many: ${line}`);
    left.splice(at, 1);
  }
}

function linesIn(text: string, ordered: boolean): readonly string[] {
  const lines = text.split("\n").slice(0, -1);
  return ordered ? lines : lines.sort();
}
