/**
 * The value of one argument: its plan form, and the way from text or JSON to it and back, by kind. Adding a kind is one
 * entry here and one in arguments.ts.
 * @module
 */
import type { Cursor } from "./cursor.ts";
import {
  parseAggregate,
  parseAssignment,
  parseBound,
  parseColumn,
  parseNumber,
  parseRate,
  parseSortKey,
  parseText,
  parseWord,
} from "./parse_value.ts";
import { NESTED_KINDS } from "./nested_kinds.ts";
import { parseExpression, parseField } from "./parse_expression.ts";
import {
  printAggregate,
  printAssignment,
  printColumn,
  printExpression,
  printField,
  printSortKey,
} from "./print.ts";
import type {
  AggregateCall,
  Bound,
  Case,
  Expression,
  FieldReference,
  NamedExpression,
  Plan,
  Rate,
  SortKey,
  Template,
} from "./syntax.ts";
import { parseTemplate, printTemplate, readTemplate } from "./template.ts";
import type { Token } from "./tokens.ts";
import { printDuration, printRate, printSize } from "./units.ts";

/** The plan form of each kind of argument. */
export interface ArgumentValues {
  readonly expression: Expression;
  readonly columns: readonly NamedExpression[];
  readonly assignments: readonly NamedExpression[];
  readonly fields: readonly FieldReference[];
  readonly aggregates: readonly AggregateCall[];
  readonly sortKeys: readonly SortKey[];
  /** A whole number. */
  readonly count: number;
  /** Milliseconds. */
  readonly duration: number;
  /** Bytes. */
  readonly size: number;
  readonly number: number;
  readonly text: string;
  /** A text with expressions in braces. */
  readonly template: Template;
  /** One of the argument's words. */
  readonly choice: string;
  readonly bound: Bound;
  readonly rate: Rate;
  readonly pipeline: Plan;
  /** All stages behind, or those in parentheses. */
  readonly rest: Plan;
  readonly pipelines: readonly Plan[];
  readonly cases: readonly Case[];
}

/** The name of a kind of argument. */
export type ArgumentKind = keyof ArgumentValues;

/** What printing needs: names that must wear backquotes, and how a nested pipeline is printed. */
export interface Printer {
  readonly reserved: ReadonlySet<string>;
  plan(plan: Plan): string;
}

/** How one kind is read and printed. */
export interface KindSyntax<Value> {
  /** How usage lines call it; NAME stands for the property's name. */
  readonly usage: string;
  /** Whether a value of this kind may start with this token, of which `next` is the neighbour. */
  starts(token: Token, next: Token): boolean;
  /** Reads a value; faults when there is none. */
  parse(cursor: Cursor, words: readonly string[]): Value;
  /** One text for each item; a kind that is no list has one item. */
  print(value: Value, printer: Printer): string[];
  /** What stands between items. */
  readonly separator?: " ";
  /** Set when the value is an expression or a list of them, so that as an option it is printed in parentheses. */
  readonly tree?: true;
  /** The JSON form: text to read, one or an array of them; a number, or a number or text; a string as it is. */
  readonly json:
    | "text"
    | "texts"
    | "number"
    | "number or text"
    | "string"
    | "pipeline"
    | "pipelines"
    | "cases";
  /** The plan form of a JSON number, for kinds that take one. */
  number?(json: number): Value;
  /** For a JSON string that is not the plan form itself: from it, `base` being its place (may fault), and back. */
  readonly string?: {
    read(json: string, base: number): Value;
    write(value: Value): string;
  };
}

function listOf<Item>(
  usage: string,
  read: (cursor: Cursor) => Item,
  print: (item: Item, reserved: ReadonlySet<string>) => string,
): KindSyntax<readonly Item[]> {
  return {
    usage: `${usage}, ...`,
    starts: startsTree,
    parse: (cursor) => cursor.list(() => read(cursor)),
    print: (items, { reserved }) => items.map((item) => print(item, reserved)),
    tree: true,
    json: "texts",
  };
}

function scalar(
  usage: string,
  what: string,
  dimensions: readonly (Token & { kind: "number" })["dimension"][],
  print: (value: number) => string,
  json: "number" | "number or text",
): KindSyntax<number> {
  return {
    usage,
    starts: startsNumber,
    parse: (cursor) => parseNumber(cursor, what, dimensions),
    print: (value) => [print(value)],
    json,
    number: (amount) => amount,
  };
}

/** The syntax of every kind. */
export const KINDS: { readonly [Kind in ArgumentKind]: KindSyntax<ArgumentValues[Kind]> } = {
  expression: {
    usage: "NAME",
    starts: startsTree,
    parse: parseExpression,
    print: (value, { reserved }) => [printExpression(value, reserved)],
    tree: true,
    json: "text",
  },
  columns: listOf("COLUMN", parseColumn, printColumn),
  assignments: listOf("NAME = EXPRESSION", parseAssignment, printAssignment),
  fields: listOf("FIELD", parseField, printField),
  aggregates: listOf("AGGREGATE", parseAggregate, printAggregate),
  sortKeys: listOf("[-]KEY", parseSortKey, printSortKey),
  count: scalar("NAME", "a whole number such as 10", ["plain"], String, "number"),
  number: scalar("NAME", "a number such as 0.5", ["plain"], String, "number"),
  duration: scalar(
    "DURATION",
    "a duration such as 10s",
    ["duration"],
    printDuration,
    "number or text",
  ),
  size: scalar("SIZE", "a size such as 4MiB", ["size", "plain"], printSize, "number or text"),
  text: {
    usage: '"NAME"',
    starts: startsText,
    parse: parseText,
    print: (value) => [JSON.stringify(value)],
    json: "string",
  },
  template: {
    usage: '"NAME"',
    starts: startsText,
    parse: parseTemplate,
    print: (value) => [JSON.stringify(printTemplate(value))],
    json: "string",
    string: {
      read: (json, base) => readTemplate(json, { start: base, end: base + json.length }, base),
      write: printTemplate,
    },
  },
  choice: {
    usage: "WORDS",
    starts: (token) => token.kind === "name" && !token.quoted,
    parse: parseWord,
    print: (value) => [value],
    json: "string",
  },
  bound: {
    usage: "ROWS|BYTES",
    starts: startsNumber,
    parse: parseBound,
    print: (value) => ["rows" in value ? String(value.rows) : printSize(value.bytes)],
    json: "number or text",
    number: (rows) => ({ rows }),
  },
  rate: {
    usage: "AMOUNT/TIME",
    starts: startsNumber,
    parse: parseRate,
    print: (value) => [printRate(value)],
    json: "text",
  },
  ...NESTED_KINDS,
};

/** The text of a value: its items, joined as the text grammar has them. */
export function printValue<Kind extends ArgumentKind>(
  kind: Kind,
  value: ArgumentValues[Kind],
  printer: Printer,
): string {
  const syntax: KindSyntax<ArgumentValues[Kind]> = KINDS[kind];
  return syntax.print(value, printer).join(syntax.separator ?? ", ");
}

function startsTree(token: Token): boolean {
  if (token.kind === "sign") return token.text === "(" || token.text === "-" || token.text === "+";
  return token.kind !== "end";
}

function startsText(token: Token): boolean {
  return token.kind === "string" || token.kind === "name" ||
    (token.kind === "number" && token.parameter !== undefined);
}

function startsNumber(token: Token, next: Token): boolean {
  if (token.kind === "number") return true;
  return token.kind === "sign" && token.text === "-" && next.kind === "number";
}
