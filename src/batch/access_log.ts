/**
 * Access logs in the Common Log Format and its combined extension: fields as columns.
 * @module
 */
import type { Demand } from "../language/demand.ts";
import type { FieldType } from "../schema.ts";
import { accessFieldScanner } from "../kernel/access_field_kernel.ts";
import { accessScanner } from "../kernel/access_kernel.ts";
import { AccessColumns } from "./access_columns.ts";
import type { AccessScan } from "./access_scan.ts";
import { Batch } from "./batch.ts";
import type { LineBlock, LineFormat } from "./line_format.ts";

const CLIENT_TO_SIZE: Readonly<Record<string, FieldType>> = {
  ip: "text",
  ident: "text",
  user: "text",
  time: "time",
  method: "text",
  path: "text",
  query: "text",
  protocol: "text",
  status: "number",
  bytes: "number",
};

/** The fields of a Common Log Format line, in output order. */
export const COMMON_FIELDS: Readonly<Record<string, FieldType>> = {
  ...CLIENT_TO_SIZE,
  request: "text",
};

/** The fields of a combined line, in output order. */
export const COMBINED_FIELDS: Readonly<Record<string, FieldType>> = {
  ...CLIENT_TO_SIZE,
  referer: "text",
  agent: "text",
  request: "text",
};

/**
 * The line format of `common` or `combined` access logs. Which lines are rows is decided by the scan alone, never by
 * which fields are asked for. Where only some are, rows keep these alone; else the bytes of their block and 32 bytes each.
 */
export function accessLog(kind: "common" | "combined", demand: Demand = "all"): LineFormat {
  const names = Object.keys(kind === "combined" ? COMBINED_FIELDS : COMMON_FIELDS);
  if (demand === "all") return wholeLines(names, kind === "combined");
  const asked = new Set(Array.from(demand.values(), ([name]) => name));
  return someFields(names.filter((name) => asked.has(name)), kind === "combined");
}

/** Every field can be asked for: columns are made when they are. */
function wholeLines(names: readonly string[], referer: boolean): LineFormat {
  return {
    parse(bytes, start, end): LineBlock {
      const scan = accessScanner()(bytes, start, end, referer);
      const { lines, empty, faults, next } = scan;
      const batch = scan.rows === 0 ? null : accessBatch(bytes, scan, names, next - start);
      return { batch, lines, empty, faults, next };
    },
  };
}

/** Only these fields are asked for: their columns are made at once, and nothing else of the lines is kept. */
function someFields(names: readonly string[], referer: boolean): LineFormat {
  const scanner = accessFieldScanner();
  const scan = scanner(names, referer);
  return {
    copies: true,
    ...(scanner.room === undefined ? {} : { room: scanner.room }),
    parse(bytes, start, end, chunk): LineBlock {
      const { rows, make, weight, lines, empty, faults, next } = scan(bytes, start, end, chunk);
      const batch = rows === 0 ? null : Batch.lazy(rows, names, make, weight);
      return { batch, lines, empty, faults, next };
    },
  };
}

function accessBatch(
  bytes: Uint8Array,
  scan: AccessScan,
  names: readonly string[],
  length: number,
): Batch {
  const columns = new AccessColumns(bytes, scan.tape, scan.rows);
  return Batch.lazy(
    scan.rows,
    names,
    (name) => columns.make(name),
    length + scan.tape.byteLength,
    (rows) => {
      const few = columns.take(rows);
      return (name) => few.make(name);
    },
  );
}
