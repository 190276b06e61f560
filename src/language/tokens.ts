/**
 * From text to tokens. Linear in the text; every fault becomes an issue and a `bad` token, and reading goes on.
 * @module
 */
import { type Issue, nearest } from "./diagnostics.ts";
import type { Span } from "./syntax.ts";
import { type Dimension, NUMBER_PATTERN, quantity, readQuantity, UNITS } from "./units.ts";

/** The most UTF-16 units of pipeline text that are read: 64 Ki. */
export const MAX_SOURCE_LENGTH = 65_536;

/** One word, value or sign. */
export type Token =
  | {
    readonly kind: "number";
    readonly at: Span;
    /** As spelled; of a parameter, the value that was given. */
    readonly text: string;
    readonly value: number;
    readonly dimension: Dimension;
    readonly parameter?: string;
  }
  /** `text` is what stands between the quotes, escapes resolved. */
  | { readonly kind: "string"; readonly at: Span; readonly text: string }
  | { readonly kind: "name"; readonly at: Span; readonly text: string; readonly quoted: boolean }
  | { readonly kind: "sign"; readonly at: Span; readonly text: string }
  /** Already reported; the parser gives up on what holds it without a further issue. */
  | { readonly kind: "bad"; readonly at: Span; readonly text: string }
  /** What follows the last token: `text` is how to call it in a message. */
  | { readonly kind: "end"; readonly at: Span; readonly text: string };

/** What reading needs beside the text. */
export interface LexicalScope {
  /** The values of `$name`; one that is missing there and has no default is an issue. */
  readonly parameters: ReadonlyMap<string, string>;
  report(issue: Issue): void;
  /** Called for each parameter that is met. */
  seen?(name: string, fallback: string | undefined): void;
}

const SPACE = /[\s\uFEFF]+|#[^\n]*/y;
const NAME = /[A-Za-z_@][A-Za-z0-9_@]*/y;
/** A backquote inside is written twice. */
const QUOTED_NAME = /`((?:[^`\n]|``)*)`/y;
const PARAMETER = /\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}\n]*))?\})/y;
const SIGN = /==|!=|<=|>=|=~|!~|[=<>+\-*\/%(){},|.]/y;
const INDEX = /\d+/y;
const STRING = /"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*'/y;
const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g;
const ESCAPES: ReadonlyMap<string, string> = new Map(
  Object.entries({ b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", '"': '"', "'": "'", "\\": "\\" }),
).set("/", "/");

/** The tokens of a text, without an end token. Positions count from `base`. Throws nothing. */
export function tokenize(source: string, scope: LexicalScope, base = 0): Token[] {
  const tokens: Token[] = [];
  if (source.length > MAX_SOURCE_LENGTH) {
    const message =
      `A pipeline has at most ${MAX_SOURCE_LENGTH} characters, found ${source.length}`;
    scope.report({ message, at: { start: base, end: base } });
    return [{ kind: "bad", at: { start: base, end: base + source.length }, text: "" }];
  }
  let position = skipSpace(source, 0);
  while (position < source.length) {
    const token = readToken(source, position, scope, base, tokens.at(-1));
    tokens.push(token);
    position = skipSpace(source, token.at.end - base);
  }
  return tokens;
}

/** How to call a token in a message: `` `|` ``, `"a"`, `the end of the pipeline`. */
export function nameToken(token: Token): string {
  if (token.kind === "end") return token.text;
  return token.kind === "string" ? JSON.stringify(token.text) : `\`${token.text}\``;
}

function skipSpace(source: string, from: number): number {
  let position = from;
  for (let match; (match = matchAt(SPACE, source, position)) !== null;) position += match[0].length;
  return position;
}

function readToken(
  source: string,
  start: number,
  scope: LexicalScope,
  base: number,
  previous: Token | undefined,
): Token {
  const span = (length: number): Span => ({ start: base + start, end: base + start + length });
  const character = source[start]!;
  if (character === '"' || character === "'") return readString(source, start, scope, span);
  if (character === "$") return readParameter(source, start, scope, span);
  if (/\d/.test(character)) {
    const afterDot = previous?.kind === "sign" && previous.text === ".";
    if (!afterDot) return readNumber(source, start, scope, span);
    const digits = matchAt(INDEX, source, start)![0];
    return { kind: "name", text: digits, quoted: true, at: span(digits.length) };
  }
  const name = matchAt(NAME, source, start)?.[0];
  if (name !== undefined) return { kind: "name", text: name, quoted: false, at: span(name.length) };
  const quoted = matchAt(QUOTED_NAME, source, start);
  if (quoted !== null) {
    const text = quoted[1]!.replaceAll("``", "`");
    return { kind: "name", text, quoted: true, at: span(quoted[0].length) };
  }
  const sign = matchAt(SIGN, source, start)?.[0];
  if (sign !== undefined) return { kind: "sign", text: sign, at: span(sign.length) };
  return readUnknown(source, start, scope, span);
}

type SpanOf = (length: number) => Span;

function readUnknown(source: string, start: number, scope: LexicalScope, span: SpanOf): Token {
  const character = source.startsWith("&&", start)
    ? "&&"
    : String.fromCodePoint(source.codePointAt(start)!);
  if (character === "`") {
    return bad(scope, "Backquoted name is not closed", span(lineRest(source, start)));
  }
  const shown = /[\p{C}\p{Z}]/u.test(character)
    ? `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`
    : `\`${character}\``;
  const hints: Readonly<Record<string, string>> = {
    "&": "Write `and`",
    "&&": "Write `and`",
    "!": "Write `not`",
    ";": "Stages are joined with `|`",
    "[": "Write an index as a path segment: `items.0`",
    "]": "Write an index as a path segment: `items.0`",
  };
  const hint = Object.hasOwn(hints, character) ? hints[character] : undefined;
  return bad(scope, `Unexpected character ${shown}`, span(character.length), hint);
}

function readNumber(source: string, start: number, scope: LexicalScope, span: SpanOf): Token {
  const [text, digits, unit] = matchAt(NUMBER_PATTERN, source, start)!;
  const at = span(text.length);
  const read = quantity(digits!, unit!);
  if (read === null) {
    const near = UNITS.find((known) => known.toLowerCase() === unit!.toLowerCase()) ??
      (unit!.length > 1 ? nearest(unit!, UNITS) : null);
    const hint = near === null
      ? `Units are ${UNITS.join(", ")}`
      : `Did you mean \`${digits}${near}\`?`;
    return bad(scope, `Unknown unit \`${unit}\` in \`${text}\``, at, hint);
  }
  if (!Number.isFinite(read.value)) return bad(scope, `Number \`${text}\` is too large`, at);
  return { kind: "number", text, at, ...read };
}

function readString(source: string, start: number, scope: LexicalScope, span: SpanOf): Token {
  const match = matchAt(STRING, source, start);
  if (match === null) {
    const hint = `Close it with ${source[start]} on the same line`;
    return bad(scope, "String is not closed", span(lineRest(source, start)), hint);
  }
  const inner = match[0].slice(1, -1);
  const at = span(match[0].length);
  let wrong: string | undefined;
  const text = inner.replace(ESCAPE, (escape: string, unit?: string, letter?: string) => {
    if (unit !== undefined) return String.fromCharCode(Number.parseInt(unit, 16));
    const character = ESCAPES.get(letter!);
    if (character === undefined) wrong ??= escape;
    return character ?? "";
  });
  if (wrong === undefined) return { kind: "string", text, at };
  const offset = at.start + 1 + inner.indexOf(wrong);
  return {
    ...bad(
      scope,
      `Unknown escape \`${wrong}\` in a string`,
      { start: offset, end: offset + wrong.length },
      `Write \`\\${wrong}\` for a backslash`,
    ),
    at,
  };
}

function readParameter(source: string, start: number, scope: LexicalScope, span: SpanOf): Token {
  const match = matchAt(PARAMETER, source, start);
  if (match === null) {
    const hint = "Write `$name` or `${name:-default}`";
    return bad(scope, "Parameter has no name", span(1), hint);
  }
  const name = match[1] ?? match[2]!;
  const at = span(match[0].length);
  scope.seen?.(name, match[3]);
  const text = scope.parameters.get(name) ?? match[3];
  if (text === undefined) {
    const hint = `Supply \`${name}\`, or write a default: \`\${${name}:-value}\``;
    return bad(scope, `Parameter \`${name}\` has no value`, at, hint);
  }
  const read = readQuantity(text);
  return read === null
    ? { kind: "string", text, at }
    : { kind: "number", text, at, ...read, parameter: name };
}

function bad(scope: LexicalScope, message: string, at: Span, hint?: string): Token {
  scope.report({ message, at, ...(hint === undefined ? {} : { hint }) });
  return { kind: "bad", text: "", at };
}

function matchAt(pattern: RegExp, source: string, position: number): RegExpExecArray | null {
  pattern.lastIndex = position;
  return pattern.exec(source);
}

function lineRest(source: string, start: number): number {
  const end = source.indexOf("\n", start);
  return (end < 0 ? source.length : end) - start;
}
