/**
 * The kinds of argument that are or hold pipelines of their own.
 * @module
 */
import { Cursor } from "./cursor.ts";
import { parseExpression } from "./parse_expression.ts";
import { printExpression } from "./print.ts";
import type { Case, Expression, Plan } from "./syntax.ts";
import type { Token } from "./tokens.ts";
import type { ArgumentKind, ArgumentValues, KindSyntax, Printer } from "./value.ts";

type NestedKind = "pipeline" | "rest" | "pipelines" | "cases";

/** The syntax of these kinds. */
export const NESTED_KINDS: {
  readonly [Kind in NestedKind]: KindSyntax<ArgumentValues[Kind]>;
} = {
  pipeline: {
    usage: "(PIPELINE)",
    starts: startsNested,
    parse: parsePlan,
    print: (nested, { plan }) => [`(${plan(nested)})`],
    json: "pipeline",
  },
  rest: {
    usage: "(PIPELINE)",
    starts: (token) => startsNested(token) || (token.kind === "sign" && token.text === "|"),
    parse: parseRest,
    print: (nested, { plan }) => [`(${plan(nested)})`],
    json: "pipeline",
  },
  pipelines: {
    usage: "(PIPELINE) ...",
    starts: startsNested,
    parse: parseNested,
    print: (plans, { plan }) => plans.map((nested) => `(${plan(nested)})`),
    separator: " ",
    json: "pipelines",
  },
  cases: {
    usage: "{ case VALUE, ... (PIPELINE) ... [else (PIPELINE)] }",
    starts: (token) =>
      token.kind === "sign" ? token.text === "{" : token.kind === "name" && token.text === "case",
    parse: parseCases,
    print: (cases, printer) => [`{ ${cases.map((one) => printCase(one, printer)).join(" ")} }`],
    json: "cases",
  },
};

/** Whether values of this kind are or hold nested pipelines. */
export function isNested(kind: ArgumentKind): kind is NestedKind {
  return Object.hasOwn(NESTED_KINDS, kind);
}

/** The nested pipelines that a value of this kind is or holds. */
export function plansIn(kind: ArgumentKind, value: unknown): readonly Plan[] {
  if (value === undefined || !isNested(kind)) return [];
  if (kind === "cases") return (value as readonly Case[]).map(({ plan }) => plan);
  return kind === "pipelines" ? value as readonly Plan[] : [value as Plan];
}

/** Reads `expr, expr`. */
export function parseValues(cursor: Cursor): Expression[] {
  return cursor.list(() => parseExpression(cursor));
}

/** Reads `( ... ) ( ... )`, each inside by the cursor's own reader. */
function parseNested(cursor: Cursor): Plan[] {
  const plans: Plan[] = [];
  do plans.push(parsePlan(cursor)); while (cursor.isSign("("));
  return plans;
}

/** Reads `( ... )`, the inside by the cursor's own reader. */
function parsePlan(cursor: Cursor): Plan {
  const open = cursor.expectSign("(");
  const close = closing(cursor);
  if (close === null) {
    cursor.failAt("Nested pipeline is not closed", open.at, "Write `)` after it");
  }
  const last: Token = { ...cursor.tokens[close]!, kind: "end", text: "`)`" };
  const plan = cursor.nested(insideOf(cursor, close, last));
  cursor.position = close + 1;
  return plan;
}

/** Reads `( ... )`, or `|` and all stages behind it. */
function parseRest(cursor: Cursor): Plan {
  if (!cursor.takeSign("|")) return parsePlan(cursor);
  const plan = cursor.nested(insideOf(cursor, cursor.end, cursor.last));
  cursor.position = cursor.end;
  return plan;
}

/** Reads `{ case value, ... ( ... ) else ( ... ) }`; the braces may be left out. */
function parseCases(cursor: Cursor): Case[] {
  const open = cursor.takeSign("{");
  const cases: Case[] = [];
  while (cursor.isWord("case") || cursor.isWord("else")) {
    const { start } = cursor.peek().at;
    const values = cursor.takeWord("else") ? [] : (cursor.take(), parseValues(cursor));
    const plan = parsePlan(cursor);
    cases.push({ values, plan, at: { start, end: cursor.behind } });
  }
  if (cases.length === 0 || (open && !cursor.isSign("}"))) cursor.fail("`case`");
  if (open) cursor.take();
  return cases;
}

function printCase({ values, plan }: Case, printer: Printer): string {
  const texts = values.map((value) => printExpression(value, printer.reserved));
  return `${texts.length === 0 ? "else" : `case ${texts.join(", ")}`} (${printer.plan(plan)})`;
}

function startsNested(token: Token): boolean {
  return token.kind === "sign" && token.text === "(";
}

function insideOf(cursor: Cursor, end: number, last: Token): Cursor {
  const nesting = cursor.deeper(() => cursor.nesting);
  return new Cursor(cursor.tokens, cursor.position, end, last, cursor.nested, nesting);
}

/** Where the parenthesis that is open here closes, or null. */
function closing(cursor: Cursor): number | null {
  let depth = 0;
  for (let index = cursor.position; index < cursor.end; index++) {
    const token = cursor.tokens[index]!;
    if (token.kind !== "sign") continue;
    if (token.text === "(") depth++;
    if (token.text === ")" && depth-- === 0) return index;
  }
  return null;
}
