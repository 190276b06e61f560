/**
 * The folder of tables: files that `lookup csv` joins with, read once and again when they have changed.
 * @module
 */
import { readFile, stat } from "node:fs/promises";
import { readTable, TABLE_FORMATS, type TableFormat } from "../src/lookup/read_table.ts";
import { NO_TABLES, type Table, type Tables } from "../src/lookup/tables.ts";

const NAME_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;
/** No more tables are held than this; the one opened longest ago is read again when it is asked for. */
const MOST_TABLES = 64;

interface Loaded {
  readonly version: string;
  readonly table: Promise<Table>;
}

/**
 * The tables of `directory`, by name without ending: `NAME.csv`, `NAME.tsv` or `NAME.ndjson`, the first that is there. A
 * name is letters, digits, - and _, so it leads nowhere else. A file, and what it takes in memory, is at most `maxBytes`;
 * 64 tables are held.
 */
export function openTables(directory: string, maxBytes: number): Tables {
  if (directory === "") return NO_TABLES;
  const loaded = new Map<string, Loaded>();
  return {
    async open(name) {
      if (!NAME_PATTERN.test(name)) {
        throw new Error(
          `Expected a table's name of letters, digits, - and _, found ${JSON.stringify(name)}`,
        );
      }
      const { path, format, version } = await find(directory, name, maxBytes);
      const known = loaded.get(name);
      if (known?.version === version) return known.table;
      const fresh = { version, table: load(path, name, format, maxBytes) };
      loaded.delete(name);
      loaded.set(name, fresh);
      const [oldest] = loaded.keys();
      if (loaded.size > MOST_TABLES && oldest !== undefined) loaded.delete(oldest);
      fresh.table.catch(() => loaded.get(name) === fresh && loaded.delete(name));
      return fresh.table;
    },
  };
}

async function find(
  directory: string,
  name: string,
  maxBytes: number,
): Promise<{ path: string; format: TableFormat; version: string }> {
  for (const format of TABLE_FORMATS) {
    const path = `${directory}/${name}.${format}`;
    const found = await stat(path).catch(() => null);
    if (found === null || !found.isFile()) continue;
    if (found.size > maxBytes) {
      throw new Error(
        `Table \`${name}\` has ${found.size} bytes and TABLE_SIZE allows ${maxBytes}`,
      );
    }
    return { path, format, version: `${path} ${found.mtimeMs} ${found.size}` };
  }
  const files = TABLE_FORMATS.map((format) => `${name}.${format}`).join(", ");
  throw new Error(`There is no table \`${name}\`: the folder TABLES has none of ${files}`);
}

async function load(
  path: string,
  name: string,
  format: TableFormat,
  maxBytes: number,
): Promise<Table> {
  try {
    return readTable(await readFile(path), format, maxBytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot read table \`${name}\`: ${reason}`, { cause });
  }
}
