/**
 * The value of one argument from its JSON form. Text inside JSON is read by the same grammar as a pipeline in text.
 * @module
 */
import { Cursor, Fault } from "./cursor.ts";
import type { Issue } from "./diagnostics.ts";
import { parseValues } from "./nested_kinds.ts";
import type { Case, Plan } from "./syntax.ts";
import { type LexicalScope, tokenize } from "./tokens.ts";
import { type ArgumentKind, type ArgumentValues, KINDS, type KindSyntax } from "./value.ts";

/** What reading JSON needs beside the value. */
export interface JsonScope extends LexicalScope {
  /** Notes a string that is about to be read, `path` below the argument; positions in it count from the result. */
  place?(path: string, text: string): number;
  /** Reads a nested pipeline; without it there are none. */
  plan?(json: unknown, path: string): Plan;
}

const EXPECTED: { readonly [Json in KindSyntax<unknown>["json"]]: string } = {
  "text": "a string",
  "texts": "a string or an array of strings",
  "number": "a number",
  "number or text": "a number or a string",
  "string": "a string",
  "pipeline": "a pipeline",
  "pipelines": "an array of pipelines",
  "cases": 'an array of {"case": ..., "pipeline": ...} and {"else": ...}',
};

/**
 * The plan form of an argument's JSON form; undefined for an empty list, which is as good as none, and where something
 * was wrong and has been reported. The range of a number and the word of a choice are left to the stage's zod schema.
 */
export function readJson<Kind extends ArgumentKind>(
  kind: Kind,
  json: unknown,
  scope: JsonScope,
): ArgumentValues[Kind] | undefined {
  const syntax: KindSyntax<ArgumentValues[Kind]> = KINDS[kind];
  const takesText = syntax.json === "text" || syntax.json === "texts" ||
    syntax.json === "number or text";
  if (typeof json === "number" && syntax.number !== undefined) return syntax.number(json);
  if (syntax.json === "pipeline" && scope.plan !== undefined) {
    const plan: unknown = scope.plan(json, "");
    return plan as ArgumentValues[Kind];
  }
  if (typeof json === "string") {
    const { string } = syntax;
    if (string !== undefined) {
      const base = scope.place?.("", json) ?? 0;
      return guarded((issue) => scope.report(issue), () => string.read(json, base));
    }
    if (syntax.json === "string") return json as ArgumentValues[Kind];
    if (takesText) return readText(syntax, json, "", scope);
  }
  if (Array.isArray(json)) {
    if (syntax.json === "texts") return readTexts(kind, json, scope);
    if (syntax.json === "cases" && scope.plan !== undefined) {
      const cases: unknown = readCases(json, scope);
      return cases === null ? undefined : cases as ArgumentValues[Kind];
    }
    if (syntax.json === "pipelines" && scope.plan !== undefined) {
      const plans: unknown = json.map((item, index) => scope.plan!(item, `/${index}`));
      return plans as ArgumentValues[Kind];
    }
  }
  reportJson(json, EXPECTED[syntax.json], "", scope);
  return undefined;
}

/** Null when something was wrong, and is reported. */
function readCases(json: readonly unknown[], scope: JsonScope): Case[] | null {
  const at = { start: 0, end: 0 };
  const cases = json.map((item, index): Case | null => {
    const { case: values, pipeline, else: rest } = Object(item) as Record<string, unknown>;
    if (rest !== undefined) return { values: [], plan: scope.plan!(rest, `/${index}/else`), at };
    const texts = Array.isArray(values) ? values : [values];
    if (pipeline === undefined || !texts.every((text) => typeof text === "string")) {
      reportJson(item, 'a case such as {"case": "200", "pipeline": "head 5"}', `/${index}`, scope);
      return null;
    }
    const read = readText({ parse: parseValues }, texts.join(", "), `/${index}/case`, scope);
    const plan = scope.plan!(pipeline, `/${index}/pipeline`);
    return read === undefined ? null : { values: read, plan, at };
  });
  return cases.every((one) => one !== null) ? cases : null;
}

/** Reports that JSON is not what was expected, with what it is. */
export function reportJson(json: unknown, expected: string, path: string, scope: JsonScope): void {
  const shown = showJson(json);
  const start = scope.place?.(path, shown) ?? 0;
  const at = { start, end: start + shown.length };
  scope.report({ message: `Expected ${expected}, found ${shown}`, at });
}

/** JSON on one line, cut to 60 characters. */
export function showJson(json: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(json) ?? String(json);
  } catch {
    return "a value too deep or circular for JSON";
  }
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function readTexts<Kind extends ArgumentKind>(
  kind: Kind,
  json: readonly unknown[],
  scope: JsonScope,
): ArgumentValues[Kind] | undefined {
  const syntax: KindSyntax<unknown> = KINDS[kind];
  const values: unknown[] = [];
  let sound = true;
  for (const [index, item] of json.entries()) {
    const path = `/${index}`;
    if (typeof item !== "string") reportJson(item, "a string", path, scope);
    const value = typeof item === "string" ? readText(syntax, item, path, scope) : undefined;
    if (Array.isArray(value)) values.push(...value);
    else sound = false;
  }
  return sound && values.length > 0 ? (values as unknown) as ArgumentValues[Kind] : undefined;
}

function readText<Value>(
  syntax: Pick<KindSyntax<Value>, "parse">,
  text: string,
  path: string,
  scope: JsonScope,
): Value | undefined {
  const base = scope.place?.(path, text) ?? 0;
  const end = base + text.length;
  const tokens = tokenize(text, scope, base);
  const last = { kind: "end", text: "the end of the text", at: { start: end, end } } as const;
  const noNested = () => ({ stages: [] });
  const cursor = new Cursor(tokens, 0, tokens.length, last, noNested);
  return guarded((issue) => scope.report(issue), () => {
    const value = syntax.parse(cursor, []);
    if (!cursor.done) cursor.fail("the end of the text");
    return value;
  });
}

/** What `read` gives; undefined when it faults, and then the fault is reported. Other errors pass. */
export function guarded<Read>(report: (issue: Issue) => void, read: () => Read): Read | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.issue !== null) report(error.issue);
    return undefined;
  }
}
