/**
 * From tokens to the items of arguments: columns, aggregates, sort keys, numbers, words, nested pipelines.
 * @module
 */
import { Cursor } from "./cursor.ts";
import { nearest } from "./diagnostics.ts";
import { parseArgumentList, parseExpression } from "./parse_expression.ts";
import { defaultAggregateName, defaultColumnName, printName } from "./print.ts";
import type { AggregateCall, Bound, NamedExpression, Rate, SortKey } from "./syntax.ts";
import { nameToken } from "./tokens.ts";
import { type Dimension, readQuantity } from "./units.ts";

/** Reads `expr` or `expr as name`. */
export function parseColumn(cursor: Cursor): NamedExpression {
  const { start } = cursor.peek().at;
  const expression = parseExpression(cursor);
  const name = parseAlias(cursor) ?? defaultColumnName(expression);
  return { name, expression, at: { start, end: cursor.behind } };
}

/** Reads `name = expr`. */
export function parseAssignment(cursor: Cursor): NamedExpression {
  const { start } = cursor.peek().at;
  const name = parseNewName(cursor);
  cursor.expectSign("=", `Write \`${printName(name)} = EXPRESSION\``);
  const expression = parseExpression(cursor);
  return { name, expression, at: { start, end: cursor.behind } };
}

/** Reads `count`, `avg(x)`, `sum(x) if condition as name`. */
export function parseAggregate(cursor: Cursor): AggregateCall {
  const token = cursor.peek();
  const { start } = token.at;
  if (token.kind !== "name" || token.quoted) {
    cursor.fail("an aggregate such as count or avg(field)");
  }
  const written = takeAggregateName(cursor);
  const values = cursor.isSign("(") ? parseArgumentList(cursor) : [];
  const condition = cursor.takeWord("if") ? parseExpression(cursor) : null;
  const call = { function: written, arguments: values, condition };
  const name = parseAlias(cursor) ?? defaultAggregateName(call);
  return { ...call, name, at: { start, end: cursor.behind } };
}

/** Reads `x`, `-x`, `+x`, `x asc` or `x desc`. */
export function parseSortKey(cursor: Cursor): SortKey {
  const { start } = cursor.peek().at;
  const sign = cursor.takeSign("-") ? "desc" : cursor.takeSign("+") ? "asc" : null;
  const expression = parseExpression(cursor);
  const wordToken = cursor.peek();
  const word = cursor.takeWord("desc") ? "desc" : cursor.takeWord("asc") ? "asc" : null;
  if (sign !== null && word !== null) {
    const message = `Sort direction is given twice, as ${sign === "asc" ? "`+`" : "`-`"} and ` +
      nameToken(wordToken);
    cursor.failAt(message, wordToken.at, "Keep one of the two");
  }
  return { expression, direction: sign ?? word, at: { start, end: cursor.behind } };
}

/** Reads a number of one of the dimensions; `what` says it in the message: `a duration such as 10s`. */
export function parseNumber(
  cursor: Cursor,
  what: string,
  dimensions: readonly Dimension[],
): number {
  const { value } = readNumber(cursor, what, dimensions);
  return value;
}

/** Reads `100` as rows, `4MiB` as bytes. */
export function parseBound(cursor: Cursor): Bound {
  const read = readNumber(cursor, "a bound such as 100 or 4MiB", ["plain", "size"]);
  return read.dimension === "plain" ? { rows: read.value } : { bytes: read.value };
}

/** Reads a quoted string, one bare word, or a parameter. */
export function parseText(cursor: Cursor): string {
  const token = cursor.peek();
  const isText = token.kind === "string" || token.kind === "name" ||
    (token.kind === "number" && token.parameter !== undefined);
  if (!isText) cursor.fail("a text", "Write it in quotes");
  cursor.take();
  return token.text;
}

/** Reads one of some words. */
export function parseWord(cursor: Cursor, words: readonly string[]): string {
  const token = cursor.peek();
  if ((token.kind === "name" || token.kind === "string") && words.includes(token.text)) {
    cursor.take();
    return token.text;
  }
  const near = token.kind === "name" ? nearest(token.text, words) : null;
  const hint = near === null ? undefined : `Did you mean \`${near}\`?`;
  cursor.fail(words.map((word) => `\`${word}\``).join(" or "), hint);
}

/** Reads `500/s` or `4MiB/s` or `5/10s`. */
export function parseRate(cursor: Cursor): Rate {
  const what = "a rate such as 500/s, 4MiB/s or 5/10s";
  const { at } = cursor.peek();
  const { value, dimension } = readNumber(cursor, what, ["plain", "size"]);
  cursor.expectSign("/", "Write a rate such as 500/s, 4MiB/s or 5/10s");
  const token = cursor.peek();
  const unit = token.kind === "name" && !token.quoted ? readQuantity(`1${token.text}`) : null;
  if (unit?.dimension === "duration") cursor.take();
  const everyMs = unit?.dimension === "duration"
    ? unit.value
    : parseNumber(cursor, "a time such as s or 10s", ["duration"]);
  if (!(value > 0 && everyMs > 0)) {
    cursor.failAt("A rate is more than 0 in a time more than 0", {
      start: at.start,
      end: cursor.behind,
    });
  }
  return { amount: value, unit: dimension === "size" ? "bytes" : "rows", everyMs };
}

/** Takes `count`, `p99` or `p99.9`. */
function takeAggregateName(cursor: Cursor): string {
  const { text } = cursor.take();
  const digits = cursor.peek(1);
  const hasDecimals = cursor.isSign(".") && digits.kind === "name" && /^\d+$/.test(digits.text);
  if (!hasDecimals) return text;
  cursor.position += 2;
  return `${text}.${digits.text}`;
}

function parseAlias(cursor: Cursor): string | null {
  return cursor.takeWord("as") ? parseNewName(cursor) : null;
}

function parseNewName(cursor: Cursor): string {
  const token = cursor.peek();
  if (token.kind === "string") {
    cursor.fail("a name", `Write odd names in backquotes: ${printName(token.text)}`);
  }
  if (token.kind !== "name") cursor.fail("a name");
  const next = cursor.peek(1);
  if (next.kind === "sign" && next.text === ".") {
    cursor.failAt(
      "A new name has no path",
      { start: token.at.start, end: next.at.end },
      "Write a name with a dot in backquotes: `a.b`",
    );
  }
  cursor.take();
  return token.text;
}

function readNumber(
  cursor: Cursor,
  what: string,
  dimensions: readonly Dimension[],
): { value: number; dimension: Dimension } {
  const next = cursor.peek(1);
  const negative = cursor.isSign("-") && next.kind === "number";
  const token = negative ? next : cursor.peek();
  if (token.kind !== "number") cursor.fail(what);
  if (!dimensions.includes(token.dimension)) {
    cursor.failAt(`Expected ${what}, found ${nameToken(token)}`, token.at);
  }
  cursor.take();
  if (negative) cursor.take();
  return { value: negative ? -token.value : token.value, dimension: token.dimension };
}
