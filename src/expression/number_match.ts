/**
 * Tests on number columns against a literal.
 * @module
 */
import type { BinaryOperator } from "../language/syntax.ts";

/**
 * Those of `rows` whose number compares as told with `limit`, ascending; null when the operator is no comparison of numbers.
 * One loop an operator; NaN, which is null, fails every comparison, as it does in the language.
 */
export function compareNumbers(
  operator: BinaryOperator,
  values: Float64Array,
  limit: number,
  rows: Uint32Array,
): Uint32Array | null {
  const kept = new Uint32Array(rows.length);
  let count = 0;
  switch (operator) {
    case "==":
      for (const row of rows) if (values[row] === limit) kept[count++] = row;
      break;
    case "!=":
      for (const row of rows) {
        const value = values[row]!;
        if (value !== limit && value === value) kept[count++] = row;
      }
      break;
    case "<":
      for (const row of rows) if (values[row]! < limit) kept[count++] = row;
      break;
    case "<=":
      for (const row of rows) if (values[row]! <= limit) kept[count++] = row;
      break;
    case ">":
      for (const row of rows) if (values[row]! > limit) kept[count++] = row;
      break;
    case ">=":
      for (const row of rows) if (values[row]! >= limit) kept[count++] = row;
      break;
    default:
      return null;
  }
  return kept.subarray(0, count);
}
