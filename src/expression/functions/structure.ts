/**
 * Functions over JSON, arrays and objects.
 * @module
 */
import type { Value } from "../../batch/column.ts";
import { toNumber } from "../compare.ts";
import type { FunctionDefinition } from "../function.ts";
import { toJson } from "../values.ts";
import { MAX_TEXT_LENGTH, nullSafe } from "./define.ts";

/** The deepest nesting that `json` accepts: what comes out can be walked and printed without a deep stack. */
const MAX_DEPTH = 128;

/** `json`, `json_text`, `item` and `keys`. */
export const STRUCTURE_FUNCTIONS: readonly FunctionDefinition[] = [
  nullSafe({
    name: "json",
    signature: "json(text)",
    summary:
      `The value that JSON text means; null when it is broken or nested over ${MAX_DEPTH} deep`,
    arity: [1, 1],
    result: "any",
    apply: (text = null) => typeof text === "string" ? parse(text) : null,
    example: [`json('{"a":[1,2]}')`, `{"a":[1,2]}`],
  }),
  nullSafe({
    name: "json_text",
    signature: "json_text(value)",
    summary: "The value as JSON text; null past 1 MiB",
    arity: [1, 1],
    result: "text",
    apply: (value = null) => print(value),
    example: [`json_text("a")`, `"\\"a\\""`],
  }),
  nullSafe({
    name: "item",
    signature: "item(array, index)",
    summary:
      "The item number `index` of an array from 0, negative from the end; null when there is none",
    arity: [2, 2],
    result: "any",
    apply: (array = null, index = null) => itemOf(array, toNumber(index)),
    example: [`item(split("a b c", " "), -1)`, `"c"`],
  }),
  nullSafe({
    name: "keys",
    signature: "keys(object)",
    summary: "The keys of an object as an array, in their order; null when it is no object",
    arity: [1, 1],
    result: "any",
    apply: (value = null) =>
      isStructure(value) && !Array.isArray(value) ? Object.keys(value) : null,
    example: [`keys(json('{"b":1,"a":2}'))`, `["b","a"]`],
  }),
];

function parse(text: string): Value {
  try {
    const value: Value = JSON.parse(text);
    return fits(value, MAX_DEPTH) ? value : null;
  } catch {
    return null;
  }
}

/** Whether the value nests no deeper than `depth` and holds only numbers that JSON can write again. */
function fits(value: Value, depth: number): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (!isStructure(value)) return true;
  if (depth === 0) return false;
  const items: readonly Value[] = Array.isArray(value) ? value : Object.values(value);
  return items.every((item) => fits(item, depth - 1));
}

function print(value: Value): string | null {
  const text = toJson(value);
  return text === null || text.length > MAX_TEXT_LENGTH ? null : text;
}

function itemOf(array: Value, index: number): Value {
  if (!Array.isArray(array) || !Number.isInteger(index)) return null;
  const items: readonly Value[] = array;
  return items.at(index) ?? null;
}

function isStructure(value: Value): value is readonly Value[] | { readonly [key: string]: Value } {
  return typeof value === "object" && value !== null && !(value instanceof Date);
}
