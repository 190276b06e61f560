/**
 * Arithmetic: on numbers and on texts that are numbers; with anything else, or when the result is no finite number, it
 * gives null. An instant minus an instant is milliseconds; an instant plus or minus a number is an instant.
 * @module
 */
import { type Column, NumberColumn, type Value } from "../batch/column.ts";
import type { BinaryOperator } from "../language/syntax.ts";
import { toNumber } from "./compare.ts";
import type { ColumnOf } from "./compile.ts";
import { columnOf, numberReader } from "./derived.ts";
import { selectedRows } from "./rows.ts";

/** An operator that calculates. */
export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%";

/** Whether the operator calculates. */
export function isArithmetic(operator: BinaryOperator): operator is ArithmeticOperator {
  return operator === "+" || operator === "-" || operator === "*" || operator === "/" ||
    operator === "%";
}

/** The column of `left operator right`. */
export function arithmetic(
  operator: ArithmeticOperator,
  left: ColumnOf,
  right: ColumnOf,
): ColumnOf {
  return (batch) => {
    const first = left(batch);
    const second = right(batch);
    if (mayHoldTime(first) || mayHoldTime(second)) {
      return columnOf(
        "any",
        batch,
        (row) => calculate(operator, first.value(row), second.value(row)),
      );
    }
    const results = new Float64Array(batch.rows);
    const firstNumber = numberReader(first);
    const secondNumber = numberReader(second);
    for (const row of selectedRows(batch)) {
      results[row] = calculateNumbers(operator, firstNumber(row), secondNumber(row));
    }
    return new NumberColumn(results);
  };
}

function mayHoldTime(column: Column): boolean {
  return column.kind === "time" || column.kind === "value" ||
    (column.kind === "constant" && column.constant instanceof Date);
}

function calculateNumbers(operator: ArithmeticOperator, left: number, right: number): number {
  let result: number;
  switch (operator) {
    case "+":
      result = left + right;
      break;
    case "-":
      result = left - right;
      break;
    case "*":
      result = left * right;
      break;
    case "/":
      result = left / right;
      break;
    case "%":
      result = left % right;
      break;
  }
  // Adding 0 turns -0, which no user means, into 0.
  return Number.isFinite(result) ? result + 0 : NaN;
}

/** Arithmetic on any two values: the plain meaning. */
function calculate(operator: ArithmeticOperator, left: Value, right: Value): Value {
  if (left instanceof Date || right instanceof Date) return calculateTime(operator, left, right);
  const result = calculateNumbers(operator, toNumber(left), toNumber(right));
  return Number.isNaN(result) ? null : result;
}

function calculateTime(operator: ArithmeticOperator, left: Value, right: Value): Value {
  const bothTimes = left instanceof Date && right instanceof Date;
  if (operator === "-" && bothTimes) return left.getTime() - right.getTime();
  const shifts = operator === "+" ? !bothTimes : operator === "-" && left instanceof Date;
  if (!shifts) return null;
  const amount = (value: Value) => value instanceof Date ? value.getTime() : toNumber(value);
  const result = new Date(calculateNumbers(operator, amount(left), amount(right)));
  return Number.isNaN(result.getTime()) ? null : result;
}
