/**
 * Functions over text. A value that is no text is taken as it prints; positions count UTF-16 units from 0.
 * @module
 */
import type { Value } from "../../batch/column.ts";
import type { FieldType } from "../../schema.ts";
import { toNumber, toText } from "../compare.ts";
import type { FunctionDefinition } from "../function.ts";
import { MAX_TEXT_LENGTH, nullSafe, ofText } from "./define.ts";

/** From `lower` and `concat` to `split` and `ip_subnet`. */
export const TEXT_FUNCTIONS: readonly FunctionDefinition[] = [
  ofText("text", "The value as text: instants in ISO 8601, arrays and objects as JSON", "text", {
    work: (text) => text,
    example: [`text(12.5)`, `"12.5"`],
  }),
  ofText("lower", "In lower case", "text", {
    work: (text) => text.toLowerCase(),
    example: [`lower("ABC")`, `"abc"`],
  }),
  ofText("upper", "In upper case", "text", {
    work: (text) => text.toUpperCase(),
    example: [`upper("abc")`, `"ABC"`],
  }),
  ofText("trim", "Without white space at both ends", "text", {
    work: (text) => text.trim(),
    example: [`trim("  a b ")`, `"a b"`],
  }),
  nullSafe({
    name: "length",
    signature: "length(text)",
    summary: "The number of UTF-16 units of a text, or of items of an array",
    arity: [1, 1],
    result: "number",
    apply: (value = null) => Array.isArray(value) ? value.length : toText(value)?.length ?? null,
    example: [`length("abc")`, `3`],
  }),
  nullSafe({
    name: "concat",
    signature: "concat(text, ...)",
    summary: "The texts in a row; null when one is null, or past 1 MiB",
    arity: [1, Infinity],
    result: "text",
    apply: (...values) => concat(values),
    example: [`concat("a", 1, true)`, `"a1true"`],
  }),
  nullSafe({
    name: "substring",
    signature: "substring(text, start, length?)",
    summary:
      "`length` UTF-16 units (default: all) from `start` on, counted from 0; a negative start counts " +
      "from the end",
    arity: [2, 3],
    result: "text",
    apply: (text = null, start = null, length = Infinity) =>
      substring(toText(text), toNumber(start), toNumber(length)),
    example: [`substring("abcdef", -3, 2)`, `"de"`],
  }),
  nullSafe({
    name: "replace",
    signature: "replace(text, from, to)",
    summary:
      "Every `from` replaced by `to`, both literal; an empty `from` replaces nothing; null past 1 MiB",
    arity: [3, 3],
    result: "text",
    apply: (text = null, from = null, to = null) => replace(toText(text), toText(from), toText(to)),
    example: [`replace("a.b.c", ".", "-")`, `"a-b-c"`],
  }),
  nullSafe({
    name: "split",
    signature: "split(text, separator, index?)",
    summary:
      "The parts between separators as an array, or the part number `index` from 0, negative from the " +
      "end; null for an empty separator or when there is no such part",
    arity: [2, 3],
    result: (types: readonly FieldType[]) => types.length > 2 ? "text" : "any",
    apply: (text = null, separator = null, index) => split(toText(text), toText(separator), index),
    example: [`split("a/b/c", "/", 1)`, `"b"`],
  }),
  nullSafe({
    name: "index_of",
    signature: "index_of(text, part)",
    summary: "Where the part first stands in the text, from 0; -1 when it does not",
    arity: [2, 2],
    result: "number",
    apply: (text = null, part = null) => indexOf(toText(text), toText(part)),
    example: [`index_of("abcd", "cd")`, `2`],
  }),
  nullSafe({
    name: "ip_subnet",
    signature: "ip_subnet(ip, bits)",
    summary:
      "The subnet of an IPv4 address with 0 to 32 bits of prefix; null for any other address",
    arity: [2, 2],
    result: "text",
    apply: (ip = null, bits = null) => ipSubnet(toText(ip), toNumber(bits)),
    example: [`ip_subnet("10.1.2.3", 16)`, `"10.1.0.0/16"`],
  }),
];

function concat(values: readonly Value[]): string | null {
  let result = "";
  for (const value of values) {
    const text = toText(value);
    if (text === null || result.length + text.length > MAX_TEXT_LENGTH) return null;
    result += text;
  }
  return result;
}

function substring(text: string | null, start: number, length: number): string | null {
  if (text === null || Number.isNaN(start) || Number.isNaN(length)) return null;
  const whole = Math.trunc(start);
  const first = whole < 0 ? Math.max(0, text.length + whole) : whole;
  return text.slice(first, first + Math.max(0, Math.trunc(length)));
}

function replace(text: string | null, from: string | null, to: string | null): string | null {
  if (text === null || from === null || to === null) return null;
  if (from === "") return text;
  const bound = Math.max(text.length, MAX_TEXT_LENGTH);
  let result = "";
  let end = 0;
  for (let at = text.indexOf(from); at >= 0; at = text.indexOf(from, end)) {
    result += text.slice(end, at) + to;
    if (result.length > bound) return null;
    end = at + from.length;
  }
  result += text.slice(end);
  return result.length > bound ? null : result;
}

function split(text: string | null, separator: string | null, index: Value | undefined): Value {
  if (text === null || separator === null || separator === "") return null;
  const parts = text.split(separator);
  if (index === undefined) return parts;
  return parts.at(toIndex(index, parts.length)) ?? null;
}

/** The index as `at` takes it; past the end when it is no whole number. */
function toIndex(index: Value, past: number): number {
  const number = toNumber(index);
  return Number.isInteger(number) ? number : past;
}

function indexOf(text: string | null, part: string | null): number | null {
  return text === null || part === null ? null : text.indexOf(part);
}

function ipSubnet(ip: string | null, bits: number): string | null {
  const parts = ip === null ? null : /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(ip);
  if (parts === null || !Number.isInteger(bits) || bits < 0 || bits > 32) return null;
  const octets = parts.slice(1).map(Number);
  if (octets.some((octet) => octet > 255)) return null;
  const kept = octets.map((octet, index) => {
    const free = Math.min(8, Math.max(0, 8 * (index + 1) - bits));
    return (octet >> free) << free;
  });
  return `${kept.join(".")}/${bits}`;
}
