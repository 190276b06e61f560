/**
 * Patterns as programs for a machine on bytes: Thompson's construction (1968), for patterns whose answer on ASCII text
 * needs no more than the byte in hand.
 * @module
 */
import type { CharacterSet } from "./regex_set.ts";
import type { PatternNode } from "./regex_syntax.ts";

/** How many bytes ASCII has. */
export const ASCII = 128;

/**
 * One step of a program; `next` and the like are numbers of other steps. `bytes` marks with 1 the bytes that a `set`
 * takes. `start` and `end` go on there alone.
 */
export type Step =
  | { readonly kind: "set"; readonly bytes: Uint8Array; readonly next: number }
  | { readonly kind: "start" | "end"; readonly next: number }
  | { readonly kind: "split"; readonly next: readonly number[] }
  | { readonly kind: "match" };

/** Longer programs are not worth their machine. */
const MOST_STEPS = 256;

/** The steps of a pattern, and the first of them; null when it has too many or asks for word boundaries. */
export function programOf(tree: PatternNode): { steps: readonly Step[]; first: number } | null {
  const builder = new ProgramBuilder();
  try {
    const first = builder.add(tree, builder.step({ kind: "match" }));
    return { steps: builder.steps, first };
  } catch (fault) {
    if (fault instanceof NotFit) return null;
    throw fault;
  }
}

class NotFit extends Error {}

/** Built from the end, so that each step knows what follows. */
class ProgramBuilder {
  readonly steps: Step[] = [];

  step(step: Step): number {
    if (this.steps.length === MOST_STEPS) throw new NotFit();
    return this.steps.push(step) - 1;
  }

  /** The step to begin with so that `node` and then `next` are matched. */
  add(node: PatternNode, next: number): number {
    switch (node.kind) {
      case "set":
        return this.step({ kind: "set", bytes: asciiOf(node.set), next });
      case "assertion":
        if (node.at === "boundary") throw new NotFit();
        return this.step({ kind: node.at, next });
      case "capture":
        return this.add(node.body, next);
      case "sequence":
        return node.items.reduceRight((behind, item) => this.add(item, behind), next);
      case "choice":
        return this.step({
          kind: "split",
          next: node.options.map((option) => this.add(option, next)),
        });
      case "repeat":
        return this.#repeat(node.body, node.min, node.max, next);
    }
  }

  #repeat(body: PatternNode, min: number, max: number, next: number): number {
    let first = next;
    if (max === Infinity) first = this.#loop(body, next);
    else {
      for (let count = min; count < max; count++) {
        first = this.step({ kind: "split", next: [this.add(body, first), next] });
      }
    }
    for (let count = 0; count < min; count++) first = this.add(body, first);
    return first;
  }

  #loop(body: PatternNode, next: number): number {
    const ways = [next];
    const loop = this.step({ kind: "split", next: ways });
    ways.push(this.add(body, loop));
    return loop;
  }
}

function asciiOf(set: CharacterSet): Uint8Array {
  const bytes = new Uint8Array(ASCII);
  for (const [first, last] of set) bytes.fill(1, Math.min(first, ASCII), Math.min(last + 1, ASCII));
  return bytes;
}
