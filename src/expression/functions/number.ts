/**
 * Functions over numbers. Text that is a number counts as one; whatever has no finite result is null.
 * @module
 */
import type { Value } from "../../batch/column.ts";
import type { FieldType } from "../../schema.ts";
import { toNumber } from "../compare.ts";
import type { FunctionDefinition } from "../function.ts";
import { nullSafe, toInstant } from "./define.ts";

/** From `number` and `round` to `pow` and `bin`. */
export const NUMBER_FUNCTIONS: readonly FunctionDefinition[] = [
  ofOne("number", "The value as a number; null when it is none", (x) => x, [`"12.5"`, `12.5`]),
  nullSafe({
    name: "round",
    signature: "round(x, digits?)",
    summary:
      "Rounded to `digits` decimal places (default 0, negative for tens), halves away from zero",
    arity: [1, 2],
    result: "number",
    apply: (x = null, digits = 0) => round(toNumber(x), toNumber(digits)),
    example: [`round(1.005, 2)`, `1.01`],
  }),
  ofOne("floor", "The largest whole number that is not above x", Math.floor, [`2.7`, `2`]),
  ofOne("ceil", "The smallest whole number that is not below x", Math.ceil, [`2.1`, `3`]),
  ofOne("abs", "The distance from 0", Math.abs, [`-3`, `3`]),
  ofOne("sign", "-1, 0 or 1", Math.sign, [`-3`, `-1`]),
  ofOne("sqrt", "The square root; null below 0", Math.sqrt, [`16`, `4`]),
  ofOne("log", "The natural logarithm; null for 0 and below", Math.log, [`1`, `0`]),
  ofOne("log10", "The decimal logarithm; null for 0 and below", Math.log10, [`1000`, `3`]),
  nullSafe({
    name: "pow",
    signature: "pow(x, y)",
    summary: "x to the power of y; null when that is no finite number",
    arity: [2, 2],
    result: "number",
    apply: (x = null, y = null) => Math.pow(toNumber(x), toNumber(y)),
    example: [`pow(2, 10)`, `1024`],
  }),
  nullSafe({
    name: "bin",
    signature: "bin(x, width)",
    summary:
      "x rounded down to a multiple of `width`: a number, or a time with a width such as `1m`, " +
      "counted from 1970 in UTC; null unless the width is above 0",
    arity: [2, 2],
    result: ([type = "any"]) => type === "text" || type === "boolean" ? "any" : type,
    apply: (x = null, width = null) => bin(x, toNumber(width)),
    numbers: binNumber,
    instants: binNumber,
    example: [`bin(time("2026-01-02T03:04:05Z"), 1m)`, `"2026-01-02T03:04:00.000Z"`],
  }),
];

function ofOne(
  name: string,
  summary: string,
  work: (x: number) => number,
  [argument, json]: readonly [string, string],
): FunctionDefinition {
  const result: FieldType = "number";
  return nullSafe({
    name,
    signature: `${name}(x)`,
    summary,
    arity: [1, 1],
    result,
    apply: (x = null) => work(toNumber(x)),
    numbers: work,
    example: [`${name}(${argument})`, json],
  });
}

/** Moves the decimal point in the printed number, so that 1.005 is the 1.005 that people see. */
function round(x: number, digits: number): number {
  if (!Number.isInteger(digits)) return NaN;
  const shifted = shiftPoint(Math.abs(x), digits);
  if (shifted >= Number.MAX_SAFE_INTEGER) return x;
  return Math.sign(x) * shiftPoint(Math.round(shifted), -digits);
}

function shiftPoint(x: number, digits: number): number {
  const [mantissa, exponent = "0"] = String(x).split("e");
  return Number(`${mantissa}e${Number(exponent) + digits}`);
}

function bin(x: Value, width: number): Value {
  const number = toNumber(x);
  if (!Number.isNaN(number)) return binNumber(number, width);
  const instant = toInstant(x);
  return instant === null ? null : new Date(binNumber(instant.getTime(), width));
}

function binNumber(x: number, width: number): number {
  return width > 0 ? Math.floor(x / width) * width : NaN;
}
