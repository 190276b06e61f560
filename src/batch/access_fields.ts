/**
 * Lines of an access log as columns of only some fields, which keep nothing else of the lines.
 * @module
 */
import { AccessColumns } from "./access_columns.ts";
import { type AccessScan, scanAccessLog } from "./access_scan.ts";
import type { ColumnMaker } from "./batch.ts";

/** What a scan for some fields found. */
export interface AccessFields extends Omit<AccessScan, "tape"> {
  /** The columns of the fields that were asked for. */
  readonly make: ColumnMaker;
  /** About how many bytes they keep alive. */
  readonly weight: number;
}

/**
 * Scans the lines of `bytes[start, end)` as {@link scanAccessLog} does; nothing that is found is a view of `bytes`. Memory for
 * it may be borrowed for as long as `chunk` lives.
 */
export type AccessFieldScan = (
  bytes: Uint8Array,
  start: number,
  end: number,
  chunk?: Uint8Array,
) => AccessFields;

/** The scan for any fields. With `referer`, rows need one. Costs a copy of the lines, and 32 bytes a row. */
export function scanAccessFields(referer: boolean): AccessFieldScan {
  return (bytes, start, end) => {
    const scan = scanAccessLog(bytes, start, end, referer);
    const tape = scan.tape.map((offset) => offset - start);
    const columns = new AccessColumns(bytes.slice(start, scan.next), tape, scan.rows);
    const weight = scan.next - start + tape.byteLength;
    return { ...scan, make: (name) => columns.make(name), weight };
  };
}
