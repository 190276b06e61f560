/**
 * What the functions share: how a definition is wrapped so that null, broken numbers and impossible instants never
 * leave it.
 * @module
 */
import type { Value } from "../../batch/column.ts";
import type { FieldType } from "../../schema.ts";
import type { FunctionDefinition } from "../function.ts";
import { toText } from "../compare.ts";
import { parseInstant } from "../instant.ts";

/** The most UTF-16 units that a function may grow a text to; what would be longer is null. */
export const MAX_TEXT_LENGTH = 1024 * 1024;

/** A definition before it is wrapped; `result` may be a plain type. */
export interface FunctionParts extends Omit<FunctionDefinition, "result"> {
  readonly result: FieldType | ((arguments_: readonly FieldType[]) => FieldType);
}

/** A function that gives null as soon as one argument is null, like the operators of SQL, and never an unclean value. */
export function nullSafe(parts: FunctionParts): FunctionDefinition {
  return nullAware({
    ...parts,
    apply: (...values) => values.some(isMissing) ? null : parts.apply(...values),
  });
}

/** A function that sees nulls itself; it still never gives an unclean value. */
export function nullAware(parts: FunctionParts): FunctionDefinition {
  const { result } = parts;
  return {
    ...parts,
    result: typeof result === "function" ? result : () => result,
    apply: (...values) => clean(parts.apply(...values)),
  };
}

/** A function of the text of one value, that is null-safe. */
export function ofText(
  name: string,
  summary: string,
  result: FieldType,
  { work, example }: {
    readonly work: (text: string) => Value;
    readonly example: FunctionDefinition["example"];
  },
): FunctionDefinition {
  return nullSafe({
    name,
    signature: name === "text" ? "text(value)" : `${name}(text)`,
    summary,
    arity: [1, 1],
    result,
    apply: (value = null) => {
      const text = toText(value);
      return text === null ? null : work(text);
    },
    example,
  });
}

/** The type that all of `types` have, else `any`. */
export function commonType(types: readonly FieldType[]): FieldType {
  const first = types[0] ?? "any";
  return types.every((type) => type === first) ? first : "any";
}

/** The instant of a time, of ISO 8601 text or of a number of milliseconds since 1970; null when there is none. */
export function toInstant(value: Value): Date | null {
  const date = value instanceof Date ? value : new Date(milliseconds(value));
  return Number.isNaN(date.getTime()) ? null : date;
}

function milliseconds(value: Value): number {
  if (typeof value === "number") return value;
  return typeof value === "string" ? parseInstant(value) : NaN;
}

/** The value, with null for what JSON cannot write; -0 becomes 0. */
function clean(value: Value): Value {
  if (typeof value === "number") return Number.isFinite(value) ? value + 0 : null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value;
  return value;
}

function isMissing(value: Value): boolean {
  return value === null || (typeof value === "number" && value !== value);
}
