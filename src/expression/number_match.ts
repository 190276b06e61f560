/**
 * Tests on number columns against a literal.
 * @module
 */
import type { NumberColumn, TextColumn } from "../batch/column.ts";
import { textNumbersOf } from "../kernel/number_kernel.ts";
import type { BinaryOperator } from "../language/syntax.ts";
import { listed, rowRoom } from "./rows.ts";

/**
 * Those of `rows` whose number compares as told with `limit`, ascending; null when the operator is no comparison of numbers.
 * One loop an operator, by index, since JavaScriptCore is slow at iterating arrays; NaN, which is null, fails every comparison, as it does in the language.
 */
function compareNumbers(
  operator: BinaryOperator,
  values: Float64Array,
  limit: number,
  rows: Uint32Array,
): Uint32Array | null {
  const kept = rowRoom(rows.length);
  let count = 0;
  switch (operator) {
    case "==":
      for (let index = 0; index < rows.length; index++) {
        const row = rows[index]!, value = values[row]!;
        if (value === limit) kept[count++] = row;
      }
      break;
    case "!=":
      for (let index = 0; index < rows.length; index++) {
        const row = rows[index]!, value = values[row]!;
        if (value !== limit && value === value) kept[count++] = row;
      }
      break;
    case "<":
      for (let index = 0; index < rows.length; index++) {
        const row = rows[index]!, value = values[row]!;
        if (value < limit) kept[count++] = row;
      }
      break;
    case "<=":
      for (let index = 0; index < rows.length; index++) {
        const row = rows[index]!, value = values[row]!;
        if (value <= limit) kept[count++] = row;
      }
      break;
    case ">":
      for (let index = 0; index < rows.length; index++) {
        const row = rows[index]!, value = values[row]!;
        if (value > limit) kept[count++] = row;
      }
      break;
    case ">=":
      for (let index = 0; index < rows.length; index++) {
        const row = rows[index]!, value = values[row]!;
        if (value >= limit) kept[count++] = row;
      }
      break;
    default:
      return null;
  }
  return listed(count);
}

/** The rows whose number compares, null where cells are better looked at. Text that spells no number is still unequal to all. */
export function compareCells(
  operator: BinaryOperator,
  column: NumberColumn | TextColumn,
  limit: number,
  rows: Uint32Array,
): Uint32Array | null {
  if (column.kind === "number") return compareNumbers(operator, column.values, limit, rows);
  const numbers = operator === "!=" ? null : textNumbersOf(column, rows.length);
  return numbers && compareNumbers(operator, numbers, limit, rows);
}
