/**
 * Addresses with a row's values in them.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { compile } from "../expression/compile.ts";
import { toText } from "../expression/values.ts";
import { expressionsIn } from "../language/template.ts";
import type { Template } from "../language/syntax.ts";
import type { CheckContext, StageContext } from "../stage.ts";
import type { Schema } from "../schema.ts";

/** The scheme and the host, and the first character behind them. */
const ORIGIN = /^https?:\/\/[^/?#\s\\]+(?:[/?#]|$)/i;

const PLAIN = /^[!"$-[\]-~]*$/;

/** The host's part of an address, with its scheme; the whole when nothing follows. */
export function originOf(template: Template): string {
  const [first] = template.parts;
  const found = typeof first === "string" ? ORIGIN.exec(first)?.[0] : undefined;
  return found === undefined ? "" : found.replace(/[/?#]$/, "");
}

/** Reports what is wrong with an address: its shape, or an expression in it. */
export function checkUrl(template: Template, input: Schema, check: CheckContext): void {
  for (const expression of expressionsIn(template)) check.expression(expression, input);
  const { at, parts } = template;
  const origin = originOf(template);
  const literal = typeof parts[0] === "string" ? parts[0] : "";
  const whole = parts.length === 1 || ORIGIN.exec(literal)?.[0] !== origin;
  if (origin === "" || !whole || !URL.canParse(origin)) {
    check.issue({
      message: "Expected an address with http or https and a host that no row can change",
      at,
      hint: 'Write it as "https://host/path/{field}"',
    });
  } else if (origin.includes("@")) {
    check.issue({ message: "Credentials are not allowed in an address", at });
  } else if (parts.some((part) => typeof part === "string" && !PLAIN.test(part))) {
    check.issue({
      message: "An address is ASCII without spaces, backslashes and `#`",
      at,
      hint: "Write other characters percent-encoded",
    });
  }
}

/**
 * The addresses of the rows that count, by their index among these: values as text, percent-encoded. Null where a value
 * is null; where a value would lead to another path (`.` or `..` alone between slashes), too.
 */
export function compileUrl(
  template: Template,
  context: StageContext,
): (batch: Batch) => (string | null)[] {
  const { schema, vocabulary } = context;
  const parts = template.parts.map((part) =>
    typeof part === "string" ? part : compile(part, schema, vocabulary.functions)
  );
  return (batch) => {
    const columns = parts.map((part) => typeof part === "string" ? part : part(batch));
    return Array.from({ length: batch.length }, (_, index) => {
      const row = batch.rowAt(index);
      let url = "";
      for (const column of columns) {
        const text = typeof column === "string" ? column : encoded(toText(column.value(row)));
        if (text === null) return null;
        url += text;
      }
      return parts.length > 1 && DOTS.test(pathOf(url)) ? null : url;
    });
  };
}

/** The physical rows of each address, in the order of their first; none of null. */
export function rowsByUrl(
  batch: Batch,
  urls: readonly (string | null)[],
): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const [index, url] of urls.entries()) {
    if (url === null) continue;
    const rows = found.get(url);
    if (rows === undefined) found.set(url, [batch.rowAt(index)]);
    else rows.push(batch.rowAt(index));
  }
  return found;
}

const DOTS = /(?:^|\/)\.{1,2}(?:\/|$)/;

function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start < 0) return "";
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}

function encoded(text: string | null): string | null {
  return text === null ? null : encodeURIComponent(text.toWellFormed());
}
