/**
 * Work that goes on after the call that began it.
 * @module
 */

/** The works that stages have told of and that have not settled. Holds a promise for each. */
export class UnderWay {
  readonly #works = new Set<Promise<void>>();

  /** Adds one; how it ends is nothing to those who wait. */
  readonly add = (work: Promise<unknown>): void => {
    const over: Promise<void> = work.then(() => {}, () => {}).then(() => {
      this.#works.delete(over);
    });
    this.#works.add(over);
  };

  /** Resolves when none is left, those that begin meanwhile included; undefined when none is now. */
  settled(): Promise<void> | undefined {
    return this.#works.size === 0 ? undefined : this.#all();
  }

  async #all(): Promise<void> {
    while (this.#works.size > 0) await Promise.all(this.#works);
  }
}
