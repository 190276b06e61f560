/**
 * How a stage that has outputs of its own accord gets the pipeline's attention.
 * @module
 */

/** A bell that remembers having rung until somebody listens. */
export class Wake {
  #rung = false;
  #listener: (() => void) | null = null;

  /** A bell that calls `listener`. */
  static calling(listener: () => void): Wake {
    const wake = new Wake();
    wake.listen(listener);
    return wake;
  }

  ring(): void {
    this.#rung = true;
    this.#listener?.();
  }

  /** Calls `listener` each time it rings from now on, in place of whoever listened before. */
  listen(listener: () => void): void {
    this.#listener = listener;
  }

  /** Whether it has rung since this was last asked. */
  answered(): boolean {
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }
}
