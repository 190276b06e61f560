/**
 * Expressions as column operations, compiled once for a plan. What comes out of one is a column of the batch, right in
 * the rows of the batch's selection and unspecified in the others.
 *
 * Arithmetic works on numbers and on texts that are numbers; with anything else, or when the result is no finite number,
 * it gives null. An instant minus an instant is milliseconds; an instant plus or minus a number is an instant.
 * @module
 */
import { Batch } from "../batch/batch.ts";
import {
  BooleanColumn,
  type Column,
  ConstantColumn,
  NumberColumn,
  TimeColumn,
  type Value,
  ValueColumn,
} from "../batch/column.ts";
import type { BinaryOperator, Call, Expression } from "../language/syntax.ts";
import type { FieldType, Schema } from "../schema.ts";
import { checkExpression } from "./check.ts";
import { toNumber } from "./compare.ts";
import { compileSelector } from "./condition.ts";
import type { FunctionDefinition } from "./function.ts";
import { selectedRows } from "./rows.ts";

/** What an expression gives in each row of a batch. */
export type ColumnOf = (batch: Batch) => Column;

/** What compiling needs to know. */
export interface Scope {
  readonly schema: Schema;
  readonly functions: ReadonlyMap<string, FunctionDefinition>;
}

/** The column that a checked `expression` gives. Costs an array of the batch's rows for each operation in it. */
export function compile(
  expression: Expression,
  schema: Schema,
  functions: ReadonlyMap<string, FunctionDefinition>,
): ColumnOf {
  return compileColumn(expression, { schema, functions });
}

/** The rows in which a checked `condition` is true: ascending physical rows among those that count. */
export function compileCondition(
  condition: Expression,
  schema: Schema,
  functions: ReadonlyMap<string, FunctionDefinition>,
): (batch: Batch) => Uint32Array {
  const scope = { schema, functions };
  return compileSelector(condition, (part) => compileColumn(part, scope));
}

function compileColumn(expression: Expression, scope: Scope): ColumnOf {
  const make = compileNode(expression, scope);
  if (expression.kind === "literal" || !isConstant(expression)) return make;
  const constant = new ConstantColumn(make(Batch.ofRows([{}])).value(0));
  return () => constant;
}

function isConstant(expression: Expression): boolean {
  switch (expression.kind) {
    case "literal":
      return true;
    case "field":
      return false;
    case "unary":
      return isConstant(expression.operand);
    case "binary":
      return isConstant(expression.left) && isConstant(expression.right);
    case "in":
      return isConstant(expression.operand) && expression.options.every(isConstant);
    case "call":
      return expression.arguments.every(isConstant);
  }
}

function compileNode(expression: Expression, scope: Scope): ColumnOf {
  switch (expression.kind) {
    case "literal": {
      const constant = new ConstantColumn(expression.value);
      return () => constant;
    }
    case "field":
      return (batch) => batch.field(expression.path);
    case "call":
      return compileCall(expression, scope);
    case "unary":
      if (expression.operator === "not") return compileTruth(expression, scope);
      return arithmetic("-", () => new ConstantColumn(0), compileColumn(expression.operand, scope));
    case "binary":
      if (!isArithmetic(expression.operator)) return compileTruth(expression, scope);
      return arithmetic(
        expression.operator,
        compileColumn(expression.left, scope),
        compileColumn(expression.right, scope),
      );
    case "in":
      return compileTruth(expression, scope);
  }
}

function compileTruth(expression: Expression, scope: Scope): ColumnOf {
  const select = compileSelector(expression, (part) => compileColumn(part, scope));
  return (batch) => {
    const truth = new Uint8Array(batch.rows);
    for (const row of select(batch)) truth[row] = 1;
    return new BooleanColumn(truth);
  };
}

function compileCall(call: Call, scope: Scope): ColumnOf {
  const definition = scope.functions.get(call.name)!;
  const columns = call.arguments.map((argument) => compileColumn(argument, scope));
  const types = call.arguments.map((part) =>
    checkExpression(part, scope.schema, scope.functions, () => {})
  );
  const type = definition.result(types);
  return (batch) => {
    const inputs = columns.map((column) => column(batch));
    const values: Value[] = new Array(inputs.length);
    return columnOf(type, batch, (row) => {
      for (let at = 0; at < inputs.length; at++) values[at] = inputs[at]!.value(row);
      return definition.apply(...values);
    });
  };
}

/** A column of `type` from one value a row, in the most compact kind. */
function columnOf(type: FieldType, batch: Batch, valueOf: (row: number) => Value): Column {
  const rows = selectedRows(batch);
  if (type === "number" || type === "time") {
    const numbers = new Float64Array(batch.rows).fill(NaN);
    for (const row of rows) numbers[row] = rawNumber(valueOf(row));
    return type === "number" ? new NumberColumn(numbers) : new TimeColumn(numbers);
  }
  const values = new Array<Value>(batch.rows).fill(null);
  for (const row of rows) values[row] = valueOf(row);
  return new ValueColumn(values);
}

function rawNumber(value: Value): number {
  if (typeof value === "number") return Number.isFinite(value) ? value : NaN;
  return value instanceof Date ? value.getTime() : NaN;
}

type ArithmeticOperator = "+" | "-" | "*" | "/" | "%";

function isArithmetic(operator: BinaryOperator): operator is ArithmeticOperator {
  return operator === "+" || operator === "-" || operator === "*" || operator === "/" ||
    operator === "%";
}

function arithmetic(operator: ArithmeticOperator, left: ColumnOf, right: ColumnOf): ColumnOf {
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

function numberReader(column: Column): (row: number) => number {
  if (column.kind === "number") {
    const { values } = column;
    return (row) => values[row]!;
  }
  if (column.kind === "constant") {
    const number = toNumber(column.constant);
    return () => number;
  }
  return (row) => toNumber(column.value(row));
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
export function calculate(operator: ArithmeticOperator, left: Value, right: Value): Value {
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
