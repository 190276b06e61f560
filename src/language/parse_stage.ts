/**
 * From tokens to the arguments of one stage. Knows argument kinds, not stages.
 * @module
 */
import type { AnyStage } from "../stage.ts";
import type { Cursor } from "./cursor.ts";
import { nearest } from "./diagnostics.ts";
import { isNested } from "./nested_kinds.ts";
import { ownPropertiesOf, propertiesOf, type Property } from "./properties.ts";
import type { Span } from "./syntax.ts";
import { nameToken } from "./tokens.ts";
import { usage, usageOf, usageOfValue } from "./usage.ts";
import { KINDS } from "./value.ts";

/** Values by argument name, in plan form, each with where it stands. */
export type Written = Map<string, { readonly value: unknown; readonly at: Span }>;

/**
 * Reads all tokens of a cursor as the arguments of a stage. Options may stand anywhere between the others, an argument
 * with a keyword anywhere behind it, the rest in the declared order. Faults with the usage line as hint.
 */
export function parseArguments(cursor: Cursor, stage: AnyStage): Written {
  const written: Written = new Map();
  const properties = propertiesOf(stage);
  const positional = properties.filter(({ syntax }) =>
    !syntax.option && syntax.keyword === undefined
  );
  while (!cursor.done) {
    const option = properties.find((property) => isOption(cursor, property));
    const worded = properties.find(({ syntax }) =>
      !syntax.option && syntax.keyword !== undefined && cursor.isWord(syntax.keyword)
    );
    const skipped: Property[] = [];
    const property = option ?? worded ?? nextPositional(cursor, positional, skipped, stage);
    if (property === undefined) failLeftOver(cursor, stage, properties, skipped);
    if (written.has(property.name)) failTwice(cursor, property);
    written.set(property.name, readProperty(cursor, property, stage));
  }
  for (const property of properties) {
    if (!property.optional && !written.has(property.name)) {
      failMissing(cursor, stage, usageOf(property));
    }
  }
  return written;
}

function isOption(cursor: Cursor, { name, syntax }: Property): boolean {
  const next = cursor.peek(1);
  return syntax.option && cursor.isWord(name) && next.kind === "sign" && next.text === "=";
}

/** Takes from `positional` what is skipped and what is found; notes the former in `skipped`. */
function nextPositional(
  cursor: Cursor,
  positional: Property[],
  skipped: Property[],
  stage: AnyStage,
): Property | undefined {
  for (let property; (property = positional.shift()) !== undefined;) {
    if (startsHere(cursor, property)) return property;
    if (!property.optional) failMissing(cursor, stage, usageOf(property));
    skipped.push(property);
  }
  return undefined;
}

function startsHere(cursor: Cursor, { syntax, optional }: Property): boolean {
  const token = cursor.peek();
  if (token.kind === "bad") return true;
  if (syntax.kind === "choice" && optional) {
    return token.kind === "name" && !token.quoted && (syntax.words ?? []).includes(token.text);
  }
  return KINDS[syntax.kind].starts(token, cursor.peek(1));
}

function readProperty(
  cursor: Cursor,
  property: Property,
  stage: AnyStage,
): { value: unknown; at: Span } {
  const { syntax } = property;
  const kind = KINDS[syntax.kind];
  const words = syntax.words ?? [];
  if (syntax.keyword !== undefined && !syntax.option) cursor.take();
  if (syntax.option) cursor.position += 2;
  if (!kind.starts(cursor.peek(), cursor.peek(1))) {
    failMissing(cursor, stage, usageOfValue(property));
  }
  const { start } = cursor.peek().at;
  let value: unknown;
  if (syntax.option && !isNested(syntax.kind) && cursor.takeSign("(")) {
    value = cursor.loose(() => kind.parse(cursor, words));
    cursor.expectSign(")");
  } else {
    cursor.tight = syntax.option;
    value = kind.parse(cursor, words);
    cursor.tight = false;
  }
  return { value, at: { start, end: cursor.behind } };
}

function failMissing(
  cursor: Cursor,
  stage: AnyStage,
  expected: string,
): never {
  const token = cursor.peek();
  const words = ownPropertiesOf(stage).flatMap(({ syntax }) => syntax.words ?? []);
  const near = token.kind === "name" ? nearest(token.text, words) : null;
  const suggestion = near === null ? "" : `Did you mean \`${near}\`? `;
  cursor.fail(expected, `${suggestion}Usage: ${usage(stage)}`);
}

function failTwice(cursor: Cursor, { name, syntax }: Property): never {
  const word = syntax.option ? name : syntax.keyword ?? name;
  cursor.failAt(`\`${word}\` is given twice`, cursor.peek().at, "Keep one of the two");
}

function failLeftOver(
  cursor: Cursor,
  stage: AnyStage,
  properties: readonly Property[],
  skipped: readonly Property[],
): never {
  const token = cursor.peek();
  const next = cursor.peek(1);
  const options = properties.filter(({ syntax }) => syntax.option).map(({ name }) => name);
  const keywords = properties.flatMap(({ syntax }) => syntax.keyword ?? []);
  const isOption = token.kind === "name" && next.kind === "sign" && next.text === "=";
  const candidates = isOption ? options : [...keywords, ...options];
  const near = token.kind === "name" ? nearest(token.text, candidates) : null;
  const before = cursor.tokens[cursor.position - 1];
  const spaced = token.kind === "sign" && token.text === "(" && before?.kind === "name";
  const advice = near !== null
    ? `Did you mean \`${near}\`? `
    : spaced
    ? `A call has no space before its \`(\`: \`${before.text}(...)\`. `
    : "";
  const hint = `${advice}Usage: ${usage(stage)}`;
  if (isOption) {
    const message = `Unknown option ${nameToken(token)} of \`${stage.name}\``;
    cursor.failAt(message, token.at, hint);
  }
  cursor.fail([...skipped.map(usageOf), `the end of \`${stage.name}\``].join(" or "), hint);
}
