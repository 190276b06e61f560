/**
 * Notices: what a user must know of a complete result.
 * @module
 */
import type { Rejects } from "./rejects.ts";

/** Facts by key. What several stages say by name under one key is kept side by side. */
export class Notices {
  readonly #facts = new Map<string, object | string>();

  add(key: string, fact: object | string): void {
    const known = this.#facts.get(key);
    const both = typeof known === "object" && typeof fact === "object";
    this.#facts.set(key, both ? { ...known, ...fact } : fact);
  }

  /** The facts so far, for `add` in a run that goes on. */
  facts(): Readonly<Record<string, object | string>> {
    return Object.fromEntries(this.#facts);
  }

  /** All facts, with those of the rejects behind them; null when there is nothing to tell. */
  all(rejects: Rejects): Readonly<Record<string, unknown>> | null {
    const { count, byClass, lines, samples } = rejects;
    if (count > 0) this.add("rejects", { count, byClass, lines, samples });
    return this.#facts.size === 0 ? null : Object.fromEntries(this.#facts);
  }
}
