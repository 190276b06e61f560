/**
 * The contract of a function of the expression language: one definition holds its checks, its documentation and its work.
 * @module
 */
import type { Value } from "../batch/column.ts";
import type { FieldType } from "../schema.ts";

/** A function over the values of one row. */
export interface FunctionDefinition {
  readonly name: string;
  /** As shown to users: `substring(text, start, length?)`. */
  readonly signature: string;
  readonly summary: string;
  /** The fewest and the most arguments; Infinity for any number. */
  readonly arity: readonly [least: number, most: number];
  /** The index of an argument that has to be a regular expression, written as a literal text. */
  readonly pattern?: number;
  /** The type of the result, given those of the arguments. */
  result(arguments_: readonly FieldType[]): FieldType;
  /** Pure; never throws: what it cannot work on gives null. */
  apply(...values: Value[]): Value;
  /**
   * The same over raw numbers, for whole columns at once: of numbers, or, where the result is a time, of milliseconds
   * since 1970 first and numbers behind. Never asked about null; what is not finite becomes null.
   */
  numbers?(...numbers: number[]): number;
  /**
   * The same, where the result is a time and the first argument text in ISO 8601: its milliseconds since 1970, and numbers
   * behind. Asked only of columns in which all that is not null spells one.
   */
  instants?(...numbers: number[]): number;
  /** An example that the tests run: an expression over literals and its value as JSON. */
  readonly example: readonly [expression: string, json: string];
}
