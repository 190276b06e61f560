/**
 * Conditions: from a batch to the rows in which an expression is true. Each part narrows the rows that the next one looks
 * at, so the right side of `and` sees only rows that its left side kept. Number columns and text columns against literals
 * are compared in place, without a value per row; everything else goes by src/expression/compare.ts.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Value } from "../batch/column.ts";
import type { Binary, BinaryOperator, Expression, Membership } from "../language/syntax.ts";
import {
  contains,
  equalValues,
  HOLDS,
  isNull,
  type OrderOperator,
  relation,
  toText,
} from "./compare.ts";
import type { ColumnOf } from "./compile.ts";
import { compareCells } from "./number_match.ts";
import { LiteralOptions } from "./literal_options.ts";
import { compilePattern, type Pattern } from "./regex.ts";
import { ByteMachine } from "./regex_bytes.ts";
import { listed, merged, rowRoom, selectedRows, without } from "./rows.ts";
import { exactBytes, matchBytes, type TextTest } from "./text_match.ts";

/** The rows of a batch's selection that meet a condition, ascending. */
export type Selector = (batch: Batch) => Uint32Array;

type Test = (left: Value, right: Value) => boolean;
type Compile = (part: Expression) => ColumnOf;

/** The selector of a checked `expression`; `compile` makes the columns of its operands. */
export function compileSelector(expression: Expression, compile: Compile): Selector {
  switch (expression.kind) {
    case "unary":
      if (expression.operator === "not") {
        return negated(compileSelector(expression.operand, compile));
      }
      break;
    case "binary":
      return compileBinary(expression, compile);
    case "in":
      return compileMembership(expression, compile);
  }
  return truthOf(compile(expression));
}

/** Rows in which a column is exactly true. */
function truthOf(column: ColumnOf): Selector {
  return (batch) => {
    const values = column(batch);
    return keep(batch, (row) => values.value(row) === true);
  };
}

function negated(inner: Selector): Selector {
  return (batch) => without(selectedRows(batch), inner(batch));
}

function compileBinary(expression: Binary, compile: Compile): Selector {
  const { operator, left, right } = expression;
  switch (operator) {
    case "and": {
      const first = compileSelector(left, compile);
      const second = compileSelector(right, compile);
      return (batch) => second(batch.select(first(batch)));
    }
    case "or": {
      const first = compileSelector(left, compile);
      const second = compileSelector(right, compile);
      return (batch) => {
        const taken = first(batch);
        return merged(taken, second(batch.select(without(selectedRows(batch), taken))));
      };
    }
    case "=~":
    case "!~":
      return compileMatch(compile(left), right, operator === "=~");
    case "==":
    case "!=": {
      const presence = presenceOf(expression, compile);
      if (presence !== null) return presence;
    }
  }
  const test = TESTS[operator];
  if (test === undefined) return truthOf(compile(expression));
  return compileComparison(operator, test, expression, compile);
}

/** What each comparison means for two values. */
const TESTS: Partial<Record<BinaryOperator, Test>> = {
  "==": related("=="),
  "!=": related("!="),
  "<": related("<"),
  "<=": related("<="),
  ">": related(">"),
  ">=": related(">="),
  contains,
  starts_with: texts((text, part) => text.startsWith(part)),
  ends_with: texts((text, part) => text.endsWith(part)),
};

function related(operator: OrderOperator): Test {
  const holds = HOLDS[operator];
  return (left, right) => (relation(left, right) & holds) !== 0;
}

function texts(test: (text: string, part: string) => boolean): Test {
  return (left, right) => {
    const text = toText(left);
    const part = toText(right);
    return text !== null && part !== null && test(text, part);
  };
}

/** `x == null` and `x != null` with the literal ask for presence. */
function presenceOf({ operator, left, right }: Binary, compile: Compile): Selector | null {
  const isLiteralNull = (side: Expression) => side.kind === "literal" && side.value === null;
  if (!isLiteralNull(left) && !isLiteralNull(right)) return null;
  const column = compile(isLiteralNull(right) ? left : right);
  const wanted = operator === "==";
  return (batch) => {
    const values = column(batch);
    return keep(batch, (row) => isNull(values.value(row)) === wanted);
  };
}

function compileComparison(
  operator: BinaryOperator,
  test: Test,
  { left, right }: Binary,
  compile: Compile,
): Selector {
  const first = compile(left);
  const second = compile(right);
  const text = textTestOf(operator, right);
  return (batch) => {
    const one = first(batch);
    const other = second(batch);
    if (text !== null && one.kind === "text") return matchBytes(one, selectedRows(batch), text);
    const number = other.kind === "constant" ? other.constant : null;
    if (typeof number === "number" && (one.kind === "number" || one.kind === "text")) {
      const quick = compareCells(operator, one, number, selectedRows(batch));
      if (quick !== null) return quick;
    }
    return keep(batch, (row) => test(one.value(row), other.value(row)));
  };
}

/** The test on bytes that a comparison with a literal text means, if it means one. */
function textTestOf(operator: BinaryOperator, right: Expression): TextTest | null {
  if (right.kind !== "literal" || typeof right.value !== "string") return null;
  switch (operator) {
    case "==":
    case "!=":
    case "contains":
    case "starts_with":
    case "ends_with":
      return testOf(operator, right.value);
    default:
      return null;
  }
}

function compileMembership(expression: Membership, compile: Compile): Selector {
  const operand = compile(expression.operand);
  const { options, negated: excluded } = expression;
  const literals = LiteralOptions.of(options);
  if (literals !== null) {
    return (batch) => {
      const column = operand(batch);
      const rows = selectedRows(batch);
      const quick = column.kind === "text" ? literals.matchText(column, rows, excluded) : null;
      return quick ?? keep(batch, (row) => literals.decide(column.value(row), excluded));
    };
  }
  const columns = options.map(compile);
  return (batch) => {
    const column = operand(batch);
    const others = columns.map((option) => option(batch));
    return keep(batch, (row) => {
      const value = column.value(row);
      if (isNull(value)) return false;
      return others.some((option) => equalValues(value, option.value(row))) !== excluded;
    });
  };
}

function compileMatch(operand: ColumnOf, pattern: Expression, wanted: boolean): Selector {
  const source = pattern.kind === "literal" ? String(pattern.value) : "";
  const compiled = compilePattern(source);
  const bytes = bytesTestOf(compiled);
  const machine = ByteMachine.of(source);
  return (batch) => {
    const column = operand(batch);
    if (bytes !== null && wanted && column.kind === "text") {
      return matchBytes(column, selectedRows(batch), bytes);
    }
    if (machine !== null && column.kind === "text") {
      const rows = selectedRows(batch);
      const decide = (row: number) => compiled.test(column.value(row)!);
      return listed(machine.select(column, rows, wanted, rowRoom(rows.length), decide));
    }
    return keep(batch, (row) => {
      const text = toText(column.value(row));
      return text !== null && compiled.test(text) === wanted;
    });
  };
}

/** A pattern that is a literal is a search for bytes. */
function bytesTestOf({ literal }: Pattern): TextTest | null {
  if (literal === null) return null;
  const { text, anchoredStart, anchoredEnd } = literal;
  if (anchoredStart) return testOf(anchoredEnd ? "==" : "starts_with", text);
  return testOf(anchoredEnd ? "ends_with" : "contains", text);
}

function testOf(operator: TextTest["operator"], text: string): TextTest | null {
  const part = exactBytes(text);
  return part && { operator, part };
}

function keep(batch: Batch, test: (row: number) => boolean): Uint32Array {
  const rows = selectedRows(batch);
  const kept = new Uint32Array(rows.length);
  let count = 0;
  for (let index = 0; index < rows.length; index++) {
    if (test(rows[index]!)) kept[count++] = rows[index]!;
  }
  return kept.subarray(0, count);
}
