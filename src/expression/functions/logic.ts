/**
 * Functions that choose between values.
 * @module
 */
import type { Value } from "../../batch/column.ts";
import type { FieldType } from "../../schema.ts";
import { compareForSort } from "../compare.ts";
import type { FunctionDefinition } from "../function.ts";
import { commonType, nullAware, nullSafe } from "./define.ts";

/** `if`, `coalesce`, `is_null`, `least` and `greatest`. */
export const LOGIC_FUNCTIONS: readonly FunctionDefinition[] = [
  nullAware({
    name: "if",
    signature: "if(condition, then, else)",
    summary: "`then` where the condition is exactly true, `else` everywhere else, null included",
    arity: [3, 3],
    result: ([_condition, then = "any", otherwise = "any"]) => commonType([then, otherwise]),
    apply: (condition = null, then = null, otherwise = null) =>
      condition === true ? then : otherwise,
    example: [`if(2 > 1, "yes", "no")`, `"yes"`],
  }),
  nullAware({
    name: "coalesce",
    signature: "coalesce(value, ...)",
    summary: "The first argument that is not null",
    arity: [1, Infinity],
    result: commonType,
    apply: (...values) => values.find((value) => value !== null) ?? null,
    example: [`coalesce(null, "-")`, `"-"`],
  }),
  nullAware({
    name: "is_null",
    signature: "is_null(value)",
    summary: "Whether the value is null or missing",
    arity: [1, 1],
    result: "boolean",
    apply: (value = null) => value === null,
    example: [`is_null(null)`, `true`],
  }),
  extreme("least", "smallest", -1, `1`),
  extreme("greatest", "largest", 1, `3`),
];

function extreme(name: string, adjective: string, sign: 1 | -1, json: string): FunctionDefinition {
  return nullSafe({
    name,
    signature: `${name}(value, ...)`,
    summary: `The ${adjective} argument, in the order that sort puts them; null when one is null`,
    arity: [1, Infinity],
    result: (types: readonly FieldType[]) => commonType(types),
    apply: (...values) => pickExtreme(values, sign),
    example: [`${name}(3, 1, 2)`, json],
  });
}

/** The first of the most extreme values; it is given as it came, whatever it was compared as. */
function pickExtreme(values: readonly Value[], sign: 1 | -1): Value {
  return values.reduce((best, value) => sign * compareForSort(value, best) > 0 ? value : best);
}
