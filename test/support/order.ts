/**
 * Comparing results of stages whose rows come in an order that depends on how the upload was cut.
 * @module
 */
import { rowsOf } from "./operators.ts";

/** These stages, with the reason. */
export const ORDER_DEPENDS_ON_CUTS: ReadonlyMap<string, string> = new Map([
  ["tee", "between branches, rows come batch by batch"],
  ["partition", "between lanes, rows come batch by batch"],
  ["route", "between cases, rows come batch by batch"],
  ["dead_letter", "rejects come between batches of rows"],
]);

/** NDJSON of a pipeline that shows `stage`, as any two cuts of one upload must have it in common. */
export function comparable(stage: string, output: string): string {
  if (!ORDER_DEPENDS_ON_CUTS.has(stage)) return output;
  const rows = rowsOf(output).map((row) => {
    const text = `${JSON.stringify(row)}\n`;
    return {
      text,
      key: "$dead_letter" in row ? "" : "$branch" in row ? String(row["$branch"]) : text,
    };
  });
  // Stable: rows of one branch must be in one order.
  rows.sort((left, right) => left.key < right.key ? -1 : Number(left.key > right.key));
  return rows.map(({ text }) => text).join("");
}
