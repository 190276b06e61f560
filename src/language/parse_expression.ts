/**
 * From tokens to expressions, by recursive descent, one function a binding strength. Linear in the tokens.
 * @module
 */
import type { Cursor } from "./cursor.ts";
import {
  BINARY_OPERATORS,
  type BinaryOperator,
  type Expression,
  type FieldReference,
  type Literal,
  type Span,
} from "./syntax.ts";
import type { Token } from "./tokens.ts";

const LITERAL_WORDS: ReadonlyMap<string, null | boolean> = new Map([
  ["null", null],
  ["true", true],
  ["false", false],
]);

/** Words that can neither be a value nor a function. */
const JOINING_WORDS: ReadonlySet<string> = new Set(["and", "or", "not", "in"]);

/** Words that join values and so cannot be one, unless in backquotes. */
const OPERATOR_WORDS: ReadonlySet<string> = new Set([
  ...JOINING_WORDS,
  "contains",
  "starts_with",
  "ends_with",
]);

/** Words that a field must wear backquotes for, so that printed text reads back. */
export const RESERVED_WORDS: ReadonlySet<string> = new Set([
  ...OPERATOR_WORDS,
  ...LITERAL_WORDS.keys(),
  "as",
  "if",
  "by",
  "asc",
  "desc",
]);

const [OR, AND, COMPARISON, ADDITIVE, MULTIPLICATIVE] = [0, 1, 2, 3, 4] as const;

/** Reads one expression: a whole one, or where the cursor is `tight` a single operand. Faults when there is none. */
export function parseExpression(cursor: Cursor): Expression {
  return cursor.tight ? parseUnary(cursor) : parseJoined(cursor, OR);
}

/** Reads `a`, `a.b.0` or `` `odd name`.c ``. */
export function parseField(cursor: Cursor): FieldReference {
  const first = cursor.peek();
  const isName = first.kind === "name" && (first.quoted || !RESERVED_WORDS.has(first.text));
  if (!isName) cursor.fail("a field");
  return parsePath(cursor);
}

/** Operands of one strength joined from the left; `a - b - c` is `(a - b) - c`. */
function parseJoined(cursor: Cursor, level: number): Expression {
  let left = parseOperand(cursor, level);
  for (let operator; (operator = takeOperator(cursor, level)) !== null;) {
    left = join(cursor, operator, left, parseOperand(cursor, level));
  }
  return left;
}

function parseOperand(cursor: Cursor, level: number): Expression {
  if (level === AND) return parseNot(cursor);
  if (level === MULTIPLICATIVE) return parseUnary(cursor);
  return parseJoined(cursor, level + 1);
}

function parseNot(cursor: Cursor): Expression {
  if (!cursor.isWord("not")) return parseComparison(cursor);
  const { at } = cursor.take();
  const operand = cursor.deeper(() => parseNot(cursor));
  const span = { start: at.start, end: operand.at.end };
  return cursor.grown({ kind: "unary", operator: "not", operand, at: span }, [operand]);
}

function parseComparison(cursor: Cursor): Expression {
  const left = parseJoined(cursor, ADDITIVE);
  const compared = parseMembership(cursor, left) ?? parseCompared(cursor, left);
  const next = cursor.peek();
  if (compared !== left && (takeOperator(cursor, COMPARISON) !== null || cursor.isWord("in"))) {
    cursor.failAt("Comparisons do not chain", next.at, "Write `a < b and b < c`");
  }
  return compared;
}

function parseCompared(cursor: Cursor, left: Expression): Expression {
  const operator = takeOperator(cursor, COMPARISON);
  if (operator === null) return left;
  return join(cursor, operator, left, parseJoined(cursor, ADDITIVE));
}

function parseMembership(cursor: Cursor, operand: Expression): Expression | null {
  const negated = cursor.isWord("not") && cursor.isWord("in", 1);
  if (!negated && !cursor.isWord("in")) return null;
  if (negated) cursor.take();
  cursor.take();
  cursor.expectSign("(", "Write `x in (1, 2, 3)`");
  const options = cursor.loose(() => cursor.list(() => parseExpression(cursor)));
  const { end } = cursor.expectSign(")").at;
  const at = { start: operand.at.start, end };
  return cursor.grown({ kind: "in", operand, options, negated, at }, [operand, ...options]);
}

function join(
  cursor: Cursor,
  operator: BinaryOperator,
  left: Expression,
  right: Expression,
): Expression {
  const at = { start: left.at.start, end: right.at.end };
  return cursor.grown({ kind: "binary", operator, left, right, at }, [left, right]);
}

function takeOperator(cursor: Cursor, level: number): BinaryOperator | null {
  const token = cursor.peek();
  if (token.kind !== "sign" && (token.kind !== "name" || token.quoted)) return null;
  const text = token.text === "=" ? "==" : token.text;
  const operator = BINARY_OPERATORS[level]?.find((candidate) => candidate === text);
  if (operator === undefined) return null;
  cursor.take();
  return operator;
}

/** `-x`; a minus before a number is part of the number. */
function parseUnary(cursor: Cursor): Expression {
  if (!cursor.isSign("-")) return parsePrimary(cursor);
  const { at } = cursor.take();
  const next = cursor.peek();
  if (next.kind === "number") {
    cursor.take();
    return numberLiteral(next, { start: at.start, end: next.at.end }, -1);
  }
  const operand = cursor.deeper(() => parseUnary(cursor));
  const span = { start: at.start, end: operand.at.end };
  return cursor.grown({ kind: "unary", operator: "-", operand, at: span }, [operand]);
}

function parsePrimary(cursor: Cursor): Expression {
  const token = cursor.peek();
  if (token.kind === "number") return numberLiteral(cursor.take() as typeof token, token.at, 1);
  if (token.kind === "string") {
    cursor.take();
    return { kind: "literal", value: token.text, at: token.at };
  }
  if (cursor.isSign("(")) return parseParenthesised(cursor);
  if (token.kind !== "name") cursor.fail("a value");
  if (token.quoted) return parsePath(cursor);
  const next = cursor.peek(1);
  const isCall = next.kind === "sign" && next.text === "(" && next.at.start === token.at.end;
  const literal = LITERAL_WORDS.get(token.text);
  if (literal !== undefined) {
    cursor.take();
    return { kind: "literal", value: literal, at: token.at };
  }
  if (isCall && !JOINING_WORDS.has(token.text)) return parseCall(cursor, token);
  if (OPERATOR_WORDS.has(token.text)) cursor.fail("a value");
  return parsePath(cursor);
}

function numberLiteral(token: Token & { kind: "number" }, at: Span, sign: 1 | -1): Literal {
  const value = sign * token.value;
  if (token.dimension === "plain") return { kind: "literal", value, at };
  const negative = sign < 0 && !token.text.startsWith("-");
  const spelled = sign < 0 ? token.text.replace(/^-/, "") : token.text;
  return { kind: "literal", value, raw: negative ? `-${spelled}` : spelled, at };
}

function parseParenthesised(cursor: Cursor): Expression {
  cursor.take();
  const inner = cursor.loose(() => parseExpression(cursor));
  cursor.expectSign(")");
  return inner;
}

function parseCall(cursor: Cursor, token: Token): Expression {
  cursor.take();
  const values = parseArgumentList(cursor);
  const at = { start: token.at.start, end: cursor.behind };
  return cursor.grown({ kind: "call", name: token.text, arguments: values, at }, values);
}

/** Reads `(a, b)`, also `()`. */
export function parseArgumentList(cursor: Cursor): Expression[] {
  cursor.expectSign("(");
  const values = cursor.loose(() =>
    cursor.isSign(")") ? [] : cursor.list(() => parseExpression(cursor))
  );
  cursor.expectSign(")");
  return values;
}

function parsePath(cursor: Cursor): FieldReference {
  const first = cursor.take();
  const path = [first.text];
  let end = first.at.end;
  while (cursor.takeSign(".")) {
    if (cursor.peek().kind !== "name") cursor.fail("a name after `.`");
    const segment = cursor.take();
    path.push(segment.text);
    end = segment.at.end;
  }
  return { kind: "field", path, at: { start: first.at.start, end } };
}
