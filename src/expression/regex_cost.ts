/**
 * The cost of the bounded parts of a pattern to a backtracking engine; see regex_native.ts for what it is for.
 * @module
 */
import type { PatternNode } from "./regex_syntax.ts";

/** What a part costs a backtracking engine from one start. */
export interface Cost {
  /** The most ways to match, each of which tries what follows. */
  readonly ways: number;
  /** The most steps to go through all ways. */
  readonly work: number;
  /** True when the part can match the empty text. */
  readonly empty: boolean;
}

/**
 * The cost of a part without unbounded repeats; null for one with, and for repeats whose groups the built-in RegExp
 * fills in another way than RE2: of what can be empty, or of a group more than once.
 */
export function costOf(node: PatternNode): Cost | null {
  switch (node.kind) {
    case "set":
      return { ways: 1, work: 1, empty: false };
    case "assertion":
      return { ways: 1, work: 1, empty: true };
    case "capture":
      return costOf(node.body);
    case "sequence":
      return node.items.reduce<Cost | null>(
        (before, item) => followedBy(before, costOf(item)),
        { ways: 1, work: 1, empty: true },
      );
    case "choice":
      return node.options.reduce<Cost | null>(
        (before, option) => orElse(before, costOf(option)),
        { ways: 0, work: 0, empty: false },
      );
    case "repeat":
      return repeatCost(node);
  }
}

function repeatCost({ body, min, max }: PatternNode & { readonly kind: "repeat" }): Cost | null {
  const once = costOf(body);
  if (once === null || once.empty || max === Infinity || max === 0) return null;
  if (max > 1 && hasCapture(body)) return null;
  let cost: Cost = { ways: 1, work: 1, empty: true };
  for (let count = max; count > 0; count--) {
    cost = followedBy(once, cost)!;
    if (count > min) cost = orElse(cost, { ways: 1, work: 1, empty: true })!;
  }
  return cost;
}

function followedBy(first: Cost | null, then: Cost | null): Cost | null {
  return first && then && {
    ways: first.ways * then.ways,
    work: first.work + first.ways * then.work,
    empty: first.empty && then.empty,
  };
}

function orElse(first: Cost | null, other: Cost | null): Cost | null {
  return first && other && {
    ways: first.ways + other.ways,
    work: first.work + other.work + 1,
    empty: first.empty || other.empty,
  };
}

/** The parts that a part is made of. */
export function childrenOf(node: PatternNode): readonly PatternNode[] {
  if (node.kind === "sequence") return node.items;
  if (node.kind === "choice") return node.options;
  return node.kind === "capture" || node.kind === "repeat" ? [node.body] : [];
}

function hasCapture(node: PatternNode): boolean {
  return node.kind === "capture" || childrenOf(node).some(hasCapture);
}
