/**
 * The end of a run as a signal that is only made when somebody asks for it.
 * @module
 */

/** Where a signal comes from; an `AbortController` is one. */
export interface SignalSource {
  readonly signal: AbortSignal;
}

/** An `AbortController` that is made when its signal is first asked for: few small runs do, and one costs 1 to 2 microseconds. */
export class LazyAbort implements SignalSource {
  #controller: AbortController | null = null;
  #aborted = false;
  #reason: unknown;

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** As that of an `AbortController`. */
  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}
