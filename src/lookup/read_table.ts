/**
 * From the bytes of a CSV, TSV or NDJSON file to a table, by the same readers that read uploads.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Row } from "../batch/column.ts";
import { weigh } from "../batch/gather.ts";
import { jsonLines } from "../batch/json_lines.ts";
import { lineFormat } from "../batch/lines.ts";
import { recordFormat } from "../batch/records.ts";
import { RunError } from "../errors.ts";
import { DEFAULT_LIMITS } from "../limits.ts";
import { UNCOUNTED } from "../pipeline/budget.ts";
import type { FramingContext, Operator } from "../stage.ts";
import { Table, type UploadedTable } from "./tables.ts";

/** How a table is written. */
export type TableFormat = "csv" | "tsv" | "ndjson";

/** The file names' endings. */
export const TABLE_FORMATS: readonly TableFormat[] = ["csv", "tsv", "ndjson"];

const QUOTE = 0x22;
const NO_QUOTE = -1;
const TAB = 0x09;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const BRACE = 0x7b;
/** What a row costs beside its values. */
const ROW_BYTES = 32;

/**
 * Reads a whole file. `format` null looks: a line that starts with `{` is NDJSON, a first line with a tab TSV, else CSV.
 * Throws Error, with the line, for what is no row; and when the table would hold more than `maxBytes`.
 */
export function readTable(bytes: Uint8Array, format: TableFormat | null, maxBytes: number): Table {
  const rows: Row[] = [];
  const columns = new Set<string>();
  let weight = 0;
  const operator = operatorOf(format ?? formatOf(bytes));
  const add = (batch: Batch) => {
    for (const row of batch.toRows()) {
      for (const name of Object.keys(row)) columns.add(name);
      weight += weigh(row) + ROW_BYTES;
      if (weight > maxBytes) throw new Error(`it would hold more than ${maxBytes} bytes`);
      rows.push(row);
    }
  };
  for (const batch of operator.push(bytes) as readonly Batch[]) add(batch);
  for (const batch of (operator.finish?.() ?? []) as Iterable<Batch>) add(batch);
  return new Table([...columns], rows, weight);
}

/** A table that came with a run under `name`; read when it is first asked for. Its bytes are let go of then. */
export function uploadedTable(bytes: Uint8Array, name: string, maxBytes: number): UploadedTable {
  let unread: Uint8Array | null = bytes;
  let table: Table | null = null;
  return {
    table() {
      if (unread === null) return table!;
      const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
      const format = TABLE_FORMATS.find((known) => known === ending) ?? null;
      try {
        table = readTable(unread, format, maxBytes);
        unread = null;
        return table;
      } catch (fault) {
        if (fault instanceof RunError && fault.code !== "nothing_parsed") throw fault;
        const reason = fault instanceof Error ? fault.message : String(fault);
        throw new RunError("table_unfit", `Cannot read the part table: ${reason}`, {}, {
          cause: fault,
        });
      }
    },
  };
}

function formatOf(bytes: Uint8Array): TableFormat {
  if (bytes[0] === BRACE) return "ndjson";
  const end = bytes.indexOf(NEWLINE);
  const tab = bytes.subarray(0, end < 0 ? bytes.length : end).indexOf(TAB);
  return tab < 0 ? "csv" : "tsv";
}

function operatorOf(format: TableFormat): Operator<Uint8Array, Batch> {
  if (format === "ndjson") return lineFormat(jsonLines("all"), READING);
  const dialect = format === "tsv"
    ? { separator: TAB, quote: NO_QUOTE }
    : { separator: COMMA, quote: QUOTE };
  return recordFormat({ dialect, header: true, names: null }, READING);
}

/** One bad line is the whole table's. What is held for a line is bounded by the table. */
const READING: FramingContext = {
  limits: DEFAULT_LIMITS,
  demand: "all",
  budget: UNCOUNTED,
  lines: () => {},
  reject: ({ line, reason }) => {
    throw new Error(`line ${line}: ${reason}`);
  },
};
