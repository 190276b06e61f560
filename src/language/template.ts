/**
 * Texts with expressions in braces: `https://geo.example/{ip}`. A brace that is meant is written twice.
 * @module
 */
import { Cursor, Fault } from "./cursor.ts";
import { parseExpression } from "./parse_expression.ts";
import { printExpression } from "./print.ts";
import type { Expression, Span, Template } from "./syntax.ts";
import { tokenize } from "./tokens.ts";

const BRACE = /\{\{|\}\}|[{}]/g;
const HINT = "Write an expression in braces, `{ip}`, and a brace that is meant twice, `{{`";
const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();

/** Reads a quoted string, or one bare word, with expressions in braces. */
export function parseTemplate(cursor: Cursor): Template {
  const token = cursor.peek();
  const isText = token.kind === "string" || token.kind === "name" ||
    (token.kind === "number" && token.parameter !== undefined);
  if (!isText) cursor.fail("a text", "Write it in quotes");
  cursor.take();
  // With escapes in it, places inside are not known; then the whole text is the place.
  const exact = token.kind === "string" && token.at.end - token.at.start === token.text.length + 2;
  return readTemplate(token.text, token.at, exact ? token.at.start + 1 : null);
}

/**
 * Reads `text`, which stands at `at`; its first character is at `base`, null when places inside are not known. Throws
 * {@link Fault} when it is no template.
 */
export function readTemplate(text: string, at: Span, base: number | null): Template {
  const parts: (string | Expression)[] = [];
  let literal = "";
  let from = 0;
  const spanOf = (start: number, end: number): Span =>
    base === null ? at : { start: base + start, end: base + end };
  for (let found; (found = next(text, from)) !== null;) {
    literal += text.slice(from, found.index);
    from = found.index + found[0].length;
    if (found[0].length === 2) {
      literal += found[0][0];
      continue;
    }
    const end = found[0] === "{" ? closing(text, from) : null;
    if (end === null) {
      const place = spanOf(found.index, from);
      const message = `\`${found[0]}\` has no counterpart in ${JSON.stringify(text)}`;
      throw new Fault({ message, at: place, hint: HINT });
    }
    if (literal !== "") parts.push(literal);
    literal = "";
    parts.push(readInside(text.slice(from, end), spanOf(from, end), base === null));
    from = end + 1;
  }
  literal += text.slice(from);
  if (literal !== "" || parts.length === 0) parts.push(literal);
  return { parts, at };
}

/** The text that reads back as the same template. */
export function printTemplate(template: Template): string {
  return template.parts.map((part) =>
    typeof part === "string"
      ? part.replaceAll("{", "{{").replaceAll("}", "}}")
      : `{${printExpression(part, new Set())}}`
  ).join("");
}

/** The expressions of a template, in order. */
export function expressionsIn(template: Template): readonly Expression[] {
  return template.parts.filter((part) => typeof part !== "string");
}

function next(text: string, from: number): RegExpExecArray | null {
  BRACE.lastIndex = from;
  return BRACE.exec(text);
}

/** Where the expression that starts at `from` ends; strings and names in quotes may hold braces. */
function closing(text: string, from: number): number | null {
  let quote: string | null = null;
  for (let at = from; at < text.length; at++) {
    const character = text[at]!;
    if (quote !== null) {
      if (character === "\\" && quote !== "`") at++;
      else if (character === quote) quote = null;
    } else if (character === '"' || character === "'" || character === "`") quote = character;
    else if (character === "}") return at;
  }
  return null;
}

function readInside(text: string, at: Span, vague: boolean): Expression {
  const scope = {
    parameters: NO_PARAMETERS,
    report(issue: { readonly message: string; readonly at: Span; readonly hint?: string }) {
      throw new Fault(vague ? { ...issue, at } : issue);
    },
  };
  const tokens = tokenize(text, scope, at.start);
  const last = { kind: "end", text: "`}`", at: { start: at.end, end: at.end } } as const;
  const inside = new Cursor(tokens, 0, tokens.length, last, () => ({ stages: [] }));
  try {
    const expression = parseExpression(inside);
    if (!inside.done) inside.fail("`}`");
    return vague ? moved(expression, at) : expression;
  } catch (fault) {
    if (!vague || !(fault instanceof Fault) || fault.issue === null) throw fault;
    throw new Fault({ ...fault.issue, at });
  }
}

/** The expression with every place of it at `at`. */
function moved(expression: Expression, at: Span): Expression {
  return JSON.parse(JSON.stringify(expression), (key, value) => key === "at" ? at : value);
}
