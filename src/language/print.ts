/**
 * Canonical text of expressions and lists: what they print reads back as an equal tree.
 * @module
 */
import { RESERVED_WORDS } from "./parse_expression.ts";
import {
  type AggregateCall,
  BINARY_OPERATORS,
  type Expression,
  type FieldReference,
  type Literal,
  type NamedExpression,
  type SortKey,
  type Unary,
} from "./syntax.ts";

/** Binding strengths, loosest first; `not` stands between `and` and the comparisons. */
const STRENGTH = {
  or: 0,
  and: 1,
  not: 2,
  comparison: 3,
  additive: 4,
  factor: 5,
  minus: 6,
} as const;

const STRENGTHS = [
  STRENGTH.or,
  STRENGTH.and,
  STRENGTH.comparison,
  STRENGTH.additive,
  STRENGTH.factor,
];

const NONE: ReadonlySet<string> = new Set();

/** The text of an expression. `reserved` are words beyond the language's own that names must wear backquotes for. */
export function printExpression(
  expression: Expression,
  reserved: ReadonlySet<string> = NONE,
): string {
  return print(expression, STRENGTH.or, reserved);
}

/** The text of a field: `` req.`odd name`.0 ``. */
export function printField(
  field: FieldReference,
  reserved: ReadonlySet<string> = NONE,
): string {
  const [first = "", ...rest] = field.path;
  const segments = rest.map((segment) =>
    /^(?:[A-Za-z_@][A-Za-z0-9_@]*|\d+)$/.test(segment) ? segment : quote(segment)
  );
  return [printName(first, reserved), ...segments].join(".");
}

/** The text of a name, in backquotes where it would read as something else. */
export function printName(name: string, reserved: ReadonlySet<string> = NONE): string {
  const plain = /^[A-Za-z_@][A-Za-z0-9_@]*$/.test(name) && !RESERVED_WORDS.has(name) &&
    !reserved.has(name);
  return plain ? name : quote(name);
}

/** The name a column has when none is written: a field's dotted path, else the expression's text. */
export function defaultColumnName(expression: Expression): string {
  return expression.kind === "field" ? expression.path.join(".") : printExpression(expression);
}

/** The name an aggregate has when none is written: `count`, `avg(latency)`, `count if status >= 500`. */
export function defaultAggregateName(
  call: Pick<AggregateCall, "function" | "arguments" | "condition">,
): string {
  return printCall(call, NONE);
}

/** `expr`, or `expr as name`. */
export function printColumn(
  { name, expression }: NamedExpression,
  reserved: ReadonlySet<string>,
): string {
  const text = printExpression(expression, reserved);
  if (name === defaultColumnName(expression)) return text;
  return `${text} as ${printName(name, reserved)}`;
}

/** `name = expr`. */
export function printAssignment(
  { name, expression }: NamedExpression,
  reserved: ReadonlySet<string>,
): string {
  return `${printName(name, reserved)} = ${printExpression(expression, reserved)}`;
}

/** `count`, `sum(x) if y as name`. */
export function printAggregate(call: AggregateCall, reserved: ReadonlySet<string>): string {
  const text = printCall(call, reserved);
  if (call.name === defaultAggregateName(call)) return text;
  return `${text} as ${printName(call.name, reserved)}`;
}

/** `x`, `-x`, or `x asc`. */
export function printSortKey(
  { expression, direction }: SortKey,
  reserved: ReadonlySet<string>,
): string {
  const text = printExpression(expression, reserved);
  const safe = text.startsWith("-") ? `(${text})` : text;
  if (direction === null) return safe;
  return direction === "desc" ? `-${safe}` : `${safe} asc`;
}

function quote(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

function printCall(
  call: Pick<AggregateCall, "function" | "arguments" | "condition">,
  reserved: ReadonlySet<string>,
): string {
  const values = call.arguments.map((value) => printExpression(value));
  const text = values.length === 0 ? call.function : `${call.function}(${values.join(", ")})`;
  return call.condition === null ? text : `${text} if ${printExpression(call.condition, reserved)}`;
}

function print(expression: Expression, least: number, reserved: ReadonlySet<string>): string {
  const [text, strength] = printBare(expression, reserved);
  return strength < least ? `(${text})` : text;
}

function printBare(
  expression: Expression,
  reserved: ReadonlySet<string>,
): [text: string, strength: number] {
  switch (expression.kind) {
    case "literal":
      return [printLiteral(expression), Infinity];
    case "field":
      return [printField(expression, reserved), Infinity];
    case "call":
      return [`${expression.name}(${printAll(expression.arguments)})`, Infinity];
    case "in": {
      const operand = print(expression.operand, STRENGTH.additive, reserved);
      const words = expression.negated ? "not in" : "in";
      return [`${operand} ${words} (${printAll(expression.options)})`, STRENGTH.comparison];
    }
    case "unary":
      return printUnary(expression, reserved);
    case "binary": {
      const { operator, left, right } = expression;
      const level = BINARY_OPERATORS.findIndex((group) =>
        group.some((candidate) => candidate === operator)
      );
      const strength = STRENGTHS[level]!;
      const chains = strength !== STRENGTH.comparison;
      const leftText = print(left, chains ? strength : STRENGTH.additive, reserved);
      return [`${leftText} ${operator} ${print(right, strength + 1, reserved)}`, strength];
    }
  }
}

function printUnary(
  { operator, operand }: Unary,
  reserved: ReadonlySet<string>,
): [text: string, strength: number] {
  if (operator === "not") return [`not ${print(operand, STRENGTH.not, reserved)}`, STRENGTH.not];
  const text = print(operand, STRENGTH.minus, reserved);
  return [/^\d/.test(text) ? `-(${text})` : `-${text}`, STRENGTH.minus];
}

function printLiteral({ value, raw }: Literal): string {
  if (raw !== undefined) return raw;
  if (Object.is(value, -0)) return "-0";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function printAll(expressions: readonly Expression[]): string {
  return expressions.map((expression) => printExpression(expression)).join(", ");
}
