/**
 * Facts: figures of a stage that only the stage knows, by name.
 * @module
 */

/** What a stage tells of itself: a count, a text, or a level. */
export interface Fact {
  readonly name: string;
  readonly value: number | string;
  readonly level?: "level" | undefined;
}

/** What most stages report: one object for all of them. */
export const NO_FACTS: Readonly<Record<string, number | string>> = Object.freeze({});

/** The facts of one stage, by name: the counts of all its instances add up, of texts and levels the latest holds. */
export class Facts {
  readonly #values = new Map<string, number | string>();

  set(name: string, value: number | string): void {
    this.#values.set(name, value);
  }

  add(name: string, count: number): void {
    this.#values.set(name, Number(this.#values.get(name) ?? 0) + count);
  }

  report(): Readonly<Record<string, number | string>> {
    return Object.fromEntries(this.#values);
  }
}

/** How one instance of a stage tells of itself; `facts` gives those of all instances. */
export class Teller {
  readonly #counted = new Map<string, number>();

  constructor(readonly facts: () => Facts) {}

  tell({ name, value, level }: Fact): void {
    if (typeof value === "string" || level !== undefined) return this.facts().set(name, value);
    this.facts().add(name, value - (this.#counted.get(name) ?? 0));
    this.#counted.set(name, value);
  }

  /** The instance begins with this: a count is one that others have told already. */
  begin(fact: Fact): void {
    if (typeof fact.value === "string" || fact.level !== undefined) this.tell(fact);
    else this.#counted.set(fact.name, fact.value);
  }
}
