/**
 * How two values compare: for the comparison operators, and for sorting.
 * @module
 */
import type { Value } from "../batch/column.ts";
import { parseInstant } from "./instant.ts";
import { compareText, deepEqual, isNull, toJson, toNumber, toText } from "./values.ts";

export { isNull, toNumber, toText };

/** The operators that {@link relation} decides. */
export type OrderOperator = "==" | "!=" | "<" | "<=" | ">" | ">=";

/** The ways in which two values that are not null can relate, one bit each. */
const RELATION = {
  less: 1,
  equal: 2,
  greater: 4,
  /** Neither before nor behind the other, and yet not equal: the texts "1" and "1.0". */
  tied: 8,
  /** Not equal, and without an order: 1 and "a". */
  different: 16,
  /** Equal, and without an order: true and true, two arrays. */
  same: 32,
} as const;

/** For each operator, the relations for which it holds. */
export const HOLDS: { readonly [Operator in OrderOperator]: number } = {
  "==": RELATION.equal | RELATION.same,
  "!=": RELATION.less | RELATION.greater | RELATION.tied | RELATION.different,
  "<": RELATION.less,
  "<=": RELATION.less | RELATION.equal | RELATION.tied,
  ">": RELATION.greater,
  ">=": RELATION.greater | RELATION.equal | RELATION.tied,
};

/**
 * How two values relate, a bit of {@link RELATION}, or 0 when either is null: then no operator holds.
 *
 * Numbers by value; a number and text by value where the text spells a number, else they are different. Two texts are
 * equal when they are the same text; their order is that of their numbers where both spell one, else of their code
 * points. An instant relates to another by time, to a number as milliseconds since 1970, to text as ISO 8601. A boolean
 * equals itself and its own name. Arrays and objects equal what has the same structure. All else is different.
 */
export function relation(left: Value, right: Value): number {
  if (left === null || right === null) return 0;
  if (typeof left === "string") {
    if (typeof right === "string") return relateTexts(left, right);
    return SWAPPED_RELATION[relation(right, left)]!;
  }
  if (typeof left === "number") {
    if (right instanceof Date) return relateNumbers(left, right.getTime());
    return relateNumbers(left, toNumber(right));
  }
  if (left instanceof Date) {
    const time = left.getTime();
    if (right instanceof Date) return relateNumbers(time, right.getTime());
    if (typeof right === "number") return relateNumbers(time, right);
    return typeof right === "string"
      ? relateNumbers(time, parseInstant(right))
      : RELATION.different;
  }
  if (typeof left === "boolean") {
    const same = left === right || (typeof right === "string" && right === String(left));
    return same ? RELATION.same : RELATION.different;
  }
  return deepEqual(left, right) ? RELATION.same : RELATION.different;
}

const SWAPPED_RELATION: Readonly<Record<number, number>> = {
  0: 0,
  [RELATION.less]: RELATION.greater,
  [RELATION.equal]: RELATION.equal,
  [RELATION.greater]: RELATION.less,
  [RELATION.tied]: RELATION.tied,
  [RELATION.different]: RELATION.different,
  [RELATION.same]: RELATION.same,
};

function relateNumbers(left: number, right: number): number {
  if (left < right) return RELATION.less;
  if (left > right) return RELATION.greater;
  return left === right ? RELATION.equal : RELATION.different;
}

function relateTexts(left: string, right: string): number {
  if (left === right) return RELATION.equal;
  const first = toNumber(left);
  const second = first === first ? toNumber(right) : NaN;
  if (second === second) {
    return first === second ? RELATION.tied : first < second ? RELATION.less : RELATION.greater;
  }
  return compareText(left, right) < 0 ? RELATION.less : RELATION.greater;
}

/** Whether `left == right`. */
export function equalValues(left: Value, right: Value): boolean {
  return (relation(left, right) & HOLDS["=="]) !== 0;
}

/**
 * The instant that a value means, in milliseconds since 1970: an instant itself, a number of milliseconds, text in ISO
 * 8601. NaN for anything else.
 */
export function toTime(value: Value): number {
  if (value instanceof Date) return value.getTime();
  if (typeof value === "number") return value;
  return typeof value === "string" ? parseInstant(value) : NaN;
}

/** Whether `left contains right`: an item of an array by `==`, else a part of the text. False with a null. */
export function contains(left: Value, right: Value): boolean {
  if (left === null || right === null) return false;
  if (Array.isArray(left)) {
    return left.some((item: Value) => equalValues(item, right));
  }
  return toText(left)?.includes(toText(right) ?? "\0") ?? false;
}

/** Where each kind of value stands in a sort. */
const RANK = { number: 0, time: 1, text: 2, boolean: 3, structure: 4, null: 5 } as const;

/**
 * A total order over all values, for sorting: numbers and text that spells a number by value, then instants, then other
 * text by code point, then false and true, then arrays and objects by their JSON, then null. Below 0 when `left` comes
 * first, 0 when neither does. Sorts that put null last in both directions ask {@link isNull} first.
 */
export function compareForSort(left: Value, right: Value): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  const first = toNumber(left);
  const second = toNumber(right);
  const leftRank = first === first ? RANK.number : rankOf(left);
  const rightRank = second === second ? RANK.number : rankOf(right);
  if (leftRank !== rightRank) return leftRank - rightRank;
  switch (leftRank) {
    case RANK.number:
      return first - second;
    case RANK.time:
      return (left as Date).getTime() - (right as Date).getTime();
    case RANK.text:
      return compareText(left as string, right as string);
    case RANK.boolean:
      return Number(left) - Number(right);
    case RANK.structure:
      return compareText(toJson(left) ?? "", toJson(right) ?? "");
    default:
      return 0;
  }
}

function rankOf(value: Value): number {
  if (value === null) return RANK.null;
  if (typeof value === "string") return RANK.text;
  if (typeof value === "boolean") return RANK.boolean;
  return value instanceof Date ? RANK.time : RANK.structure;
}
