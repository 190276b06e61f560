/**
 * How the records below a header are read: with these names, for what is asked of them.
 * @module
 */
import type { Demand } from "../language/demand.ts";
import { recordScanner, type RecordScanning } from "../kernel/csv_kernel.ts";
import type { Dialect } from "./csv_scan.ts";

/** A scan, and for each name that is asked for its place in what the scan finds. */
export interface RecordReader {
  readonly names: readonly string[];
  readonly scan: RecordScanning;
  readonly slots: ReadonlyMap<string, number>;
}

/** A reader of records with these `names`; fields that `demand` does not name are only counted. */
export function recordReader(
  names: readonly string[],
  dialect: Dialect,
  demand: Demand,
): RecordReader {
  const wanted: number[] = [];
  const slots = new Map<string, number>();
  const asked = demand === "all" ? null : askedNames(demand.values());
  names.forEach((name, place) => {
    if (asked === null || asked.has(name)) slots.set(name, wanted.push(place) - 1);
  });
  return { names, scan: recordScanner({ dialect, fields: names.length, wanted }), slots };
}

/** A path is a column of that name with dots, or one of its first segment, as `Batch.field` has it. */
function askedNames(paths: Iterable<readonly string[]>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const path of paths) names.add(path[0]!).add(path.join("."));
  return names;
}
