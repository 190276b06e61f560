/**
 * Notices: what a user must know of a complete result.
 * @module
 */
import type { Rejects } from "./rejects.ts";

/** Facts by key. What several stages say by name under one key is kept side by side. */
export class Notices {
  /** Made by the first fact. */
  #facts: Map<string, object | string> | null = null;

  add(key: string, fact: object | string): void {
    const facts = this.#facts ??= new Map();
    const known = facts.get(key);
    const both = typeof known === "object" && typeof fact === "object";
    facts.set(key, both ? { ...known, ...fact } : fact);
  }

  /** The facts so far, for `add` in a run that goes on. */
  facts(): Readonly<Record<string, object | string>> {
    return Object.fromEntries(this.#facts ?? []);
  }

  /** All facts, with those of the rejects behind them; null when there is nothing to tell. */
  all(rejects: Rejects): Readonly<Record<string, unknown>> | null {
    if (rejects.count > 0) {
      const { count, byClass, lines, samples } = rejects;
      this.add("rejects", { count, byClass, lines, samples });
    }
    return this.#facts === null ? null : Object.fromEntries(this.#facts);
  }
}
