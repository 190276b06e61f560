/**
 * Expressions as column operations, compiled once for a plan. What comes out of one is a column of the batch, right in
 * the rows of the batch's selection and unspecified in the others.
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
} from "../batch/column.ts";
import { textInstants } from "../kernel/instant_kernel.ts";
import type { Call, Expression } from "../language/syntax.ts";
import type { FieldType, Schema } from "../schema.ts";
import { checkExpression } from "./check.ts";
import { arithmetic, isArithmetic } from "./arithmetic.ts";
import { compileSelector } from "./condition.ts";
import { KeptExpressions } from "./kept.ts";
import { columnOf, numberReader } from "./derived.ts";
import type { FunctionDefinition } from "./function.ts";
import { MAX_TIME_MS } from "./instant.ts";
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
  return columns.get(expression, { schema, functions });
}

/** The rows in which a checked `condition` is true: ascending physical rows among those that count. */
export function compileCondition(
  condition: Expression,
  schema: Schema,
  functions: ReadonlyMap<string, FunctionDefinition>,
): (batch: Batch) => Uint32Array {
  return conditions.get(condition, { schema, functions });
}

const columns = new KeptExpressions(compileColumn);
const conditions = new KeptExpressions((condition, scope) =>
  compileSelector(condition, (part) => compileColumn(part, scope))
);

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
    const quick = definition.numbers && applyNumbers(definition.numbers, inputs, type, batch);
    if (quick) return quick;
    const instants = definition.instants && applyInstants(definition.instants, inputs, batch);
    if (instants) return instants;
    const values: Value[] = new Array(inputs.length);
    return columnOf(type, batch, (row) => {
      for (let at = 0; at < inputs.length; at++) values[at] = inputs[at]!.value(row);
      return definition.apply(...values);
    });
  };
}

/** A function over columns of raw numbers; null when one of them holds anything else. */
function applyNumbers(
  apply: (...numbers: number[]) => number,
  inputs: readonly Column[],
  type: FieldType,
  batch: Batch,
): Column | null {
  for (const [index, input] of inputs.entries()) {
    const constant = input.kind === "constant" && typeof input.constant === "number";
    const raw = input.kind === (type === "time" && index === 0 ? "time" : "number");
    if (!raw && !constant) return null;
  }
  // None of them takes more than two.
  const [first, second] = inputs.map(numberReader);
  const apart = second === undefined ? null : constantOf(inputs[1]!);
  const most = type === "time" ? MAX_TIME_MS : Number.MAX_VALUE;
  const rows = selectedRows(batch);
  const results = new Float64Array(batch.rows);
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    const x = first!(row);
    const result = second === undefined ? apply(x) : apply(x, apart ?? second(row));
    results[row] = Math.abs(result) <= most ? result + 0 : NaN;
  }
  return type === "time" ? new TimeColumn(results) : new NumberColumn(results);
}

function constantOf(column: Column): number | null {
  return column.kind === "constant" && typeof column.constant === "number" ? column.constant : null;
}

/** A function over text in ISO 8601 and constant numbers; null when a cell is none, or few of the column's rows count. */
function applyInstants(
  apply: (...numbers: number[]) => number,
  [texts, ...others]: readonly Column[],
  batch: Batch,
): Column | null {
  const rows = selectedRows(batch);
  const constants = others.map(constantOf);
  const [constant = 0] = constants;
  if (texts?.kind !== "text" || constant === null || constants.length > 1) return null;
  const instants = textInstants(texts, rows.length);
  if (instants === null) return null;
  const results = new Float64Array(batch.rows);
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    const instant = instants[row]!;
    if (instant !== instant && texts.starts[row]! >= 0) return null;
    const result = apply(instant, constant);
    results[row] = Math.abs(result) <= MAX_TIME_MS ? Math.trunc(result) + 0 : NaN;
  }
  return new TimeColumn(results);
}
