/**
 * Which patterns the built-in, backtracking RegExp may run: those whose steps are proven linear in the text.
 *
 * The proof counts the steps of a backtracking search from one start. Each part has `work` (steps to try it in all its
 * ways) and `ways` (how often what follows it is tried): `a|b|c` has 3 ways, `x?` 2, `\d{1,3}` 3, and in a row the ways
 * multiply. A repeat without an upper bound is allowed of one character set only, at the top level, and its ways are
 * the length n of the text, or 1 when a set that shares no character with it must follow. A pattern passes when
 *
 * - it starts with `^` and its steps are at most a + b * n, or
 * - it has no such repeat but at its very end (where the first arrival is a match), so its steps from each start are at
 *   most a; from all starts a * (n + 1) + n,
 *
 * with a and b at most {@link MAX_NATIVE_WORK}. `a+b` without `^` fails: it is quadratic on a long row of a.
 * @module
 */
import { areDisjoint, type CharacterSet, classSource, isOneUnit } from "./regex_set.ts";
import { childrenOf, costOf } from "./regex_cost.ts";
import { type PatternNode, readPattern } from "./regex_syntax.ts";

/** The most backtracking steps for each character of the text that a pattern for the built-in RegExp may take. */
const MAX_NATIVE_WORK = 500;

/** A pattern that is one fixed text, so that a caller may search bytes for it. */
export interface LiteralPattern {
  readonly text: string;
  /** True when the text has to stand at the start. */
  readonly anchoredStart: boolean;
  /** True when the text has to stand at the end. */
  readonly anchoredEnd: boolean;
}

/** How to run a pattern without the linear engine: as a literal, or by the built-in RegExp. */
export type Translation =
  | { readonly literal: LiteralPattern }
  | { readonly literal: null; readonly source: string; readonly flags: string };

/**
 * The translation of a pattern that RE2 accepted, with the same matches and groups, or null when only the linear engine
 * may run it. The source is written anew from the tree: code points as sets, no flag but `u`.
 */
export function translatePattern(source: string): Translation | null {
  if (!source.isWellFormed()) return null;
  const tree = readPattern(source);
  if (tree === null) return null;
  const literal = readLiteral(flatten(tree, false));
  if (literal !== null) return { literal };
  const items = flatten(tree, true);
  if (!isHarmless(items)) return null;
  const oneUnit = allOneUnit(tree);
  // V8 (Deno 2.9) finds no match of [\u0000-\u002f\u003a-\u{10ffff}]$ in "1\u{1f600}".
  if (!oneUnit && !isAssertion(items[0], "start") && hasEnd(tree)) return null;
  return { literal: null, source: sourceOf(tree), flags: oneUnit ? "" : "u" };
}

/** The parts of the top-level row, with nested rows opened, and groups too when `captures`. */
function flatten(node: PatternNode, captures: boolean): readonly PatternNode[] {
  if (node.kind === "sequence") return node.items.flatMap((item) => flatten(item, captures));
  if (node.kind === "capture" && captures) return flatten(node.body, captures);
  return [node];
}

function readLiteral(items: readonly PatternNode[]): LiteralPattern | null {
  const anchoredStart = isAssertion(items[0], "start");
  const anchoredEnd = isAssertion(items.at(-1), "end");
  let text = "";
  for (const item of items.slice(anchoredStart ? 1 : 0, anchoredEnd ? -1 : items.length)) {
    if (item.kind !== "set" || item.set.length !== 1) return null;
    const [first, last] = item.set[0]!;
    if (first !== last) return null;
    text += String.fromCodePoint(first);
  }
  return { text, anchoredStart, anchoredEnd };
}

function isAssertion(node: PatternNode | undefined, at: "start" | "end"): boolean {
  return node?.kind === "assertion" && node.at === at;
}

/** Steps from one start: `constant + each * n` for a text of n characters. */
interface Steps {
  readonly constant: number;
  readonly each: number;
}

function isHarmless(items: readonly PatternNode[]): boolean {
  const anchored = isAssertion(items[0], "start");
  const last = items.at(-1);
  let steps: Steps | null = { constant: 1, each: 0 };
  for (let index = items.length - 1; index >= 0 && steps !== null; index--) {
    const item = items[index]!;
    if (isUnbounded(item)) {
      if (item.body.kind !== "set") return false;
      steps = item === last
        ? { constant: item.min, each: anchored ? 1 : 0 }
        : repeatSteps(item, item.body.set, firstSet(items[index + 1]!), steps);
      continue;
    }
    const cost = costOf(item);
    steps = cost && {
      constant: cost.work + cost.ways * steps.constant,
      each: cost.ways * steps.each,
    };
  }
  return steps !== null && steps.constant <= MAX_NATIVE_WORK &&
    steps.each <= (anchored ? MAX_NATIVE_WORK : 0);
}

type Unbounded = PatternNode & { readonly kind: "repeat" };

function isUnbounded(node: PatternNode): node is Unbounded {
  return node.kind === "repeat" && node.max === Infinity;
}

/** The steps of an unbounded repeat of `set` and of `rest`, which begins with `stop`; null when they are not linear. */
function repeatSteps(
  { min }: Unbounded,
  set: CharacterSet,
  stop: CharacterSet | null,
  rest: Steps,
): Steps | null {
  if (stop !== null && areDisjoint(set, stop)) {
    return { constant: min + rest.constant, each: 2 + rest.each };
  }
  return rest.each > 0 ? null : { constant: min + rest.constant, each: 1 + rest.constant };
}

/** The set that the part's first character must be in, tried in one step; null when there is no such set. */
function firstSet(node: PatternNode): CharacterSet | null {
  if (node.kind === "set") return node.set;
  if (node.kind === "repeat" && node.min > 0) return firstSet(node.body);
  return null;
}

function hasEnd(node: PatternNode): boolean {
  return isAssertion(node, "end") || childrenOf(node).some(hasEnd);
}

function allOneUnit(node: PatternNode): boolean {
  return node.kind === "set" ? isOneUnit(node.set) : childrenOf(node).every(allOneUnit);
}

const ASSERTIONS = { start: "^", end: "$", boundary: "\\b" } as const;

function sourceOf(node: PatternNode): string {
  switch (node.kind) {
    case "set":
      return classSource(node.set);
    case "assertion":
      return ASSERTIONS[node.at];
    case "capture":
      return `(${sourceOf(node.body)})`;
    case "sequence":
      return node.items.map(sourceOf).join("");
    case "choice":
      return `(?:${node.options.map(sourceOf).join("|")})`;
    case "repeat":
      return `(?:${sourceOf(node.body)})${countSource(node.min, node.max)}${node.lazy ? "?" : ""}`;
  }
}

function countSource(min: number, max: number): string {
  return `{${min},${max === Infinity ? "" : max}}`;
}
