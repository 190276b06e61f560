/**
 * Tests on text columns against a pattern, on bytes, without making strings.
 * @module
 */
import type { TextColumn } from "../batch/column.ts";
import type { Pattern } from "./regex.ts";
import type { ByteMachine } from "./regex_bytes.ts";
import { listed, rowRoom } from "./rows.ts";

/** Those of `rows` whose text matches as wanted; `pattern` tells where the `machine` cannot. */
export function matchMachine(
  column: TextColumn,
  rows: Uint32Array,
  machine: ByteMachine,
  pattern: Pattern,
  wanted: boolean,
): Uint32Array {
  const { bytes, starts, ends } = column;
  const kept = rowRoom(rows.length);
  let count = 0;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    const start = starts[row]!;
    if (start < 0) continue;
    const verdict = machine.test(bytes, start, ends[row]!);
    const matched = verdict === "unknown" ? pattern.test(column.value(row)!) : verdict === "yes";
    if (matched === wanted) kept[count++] = row;
  }
  return listed(count);
}
