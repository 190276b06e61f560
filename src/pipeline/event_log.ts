/**
 * What stages tell of themselves while they run.
 * @module
 */
import type { StageEvent } from "./report.ts";

/** The most events that are kept. */
const MAX_EVENTS = 100;

/** The latest hundred events of a run; each is also given to listeners at once. */
export class EventLog {
  readonly #events: StageEvent[] = [];
  readonly #started = performance.now();

  readonly #listeners = new Set<(event: StageEvent) => void>();

  constructor(listener?: (event: StageEvent) => void) {
    if (listener !== undefined) this.#listeners.add(listener);
  }

  /** Calls `listener` for each event from now on; the function that is returned ends that. */
  listen(listener: (event: StageEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  add(event: Omit<StageEvent, "at">): void {
    if (this.#events.length === MAX_EVENTS) this.#events.shift();
    const told = { ...event, at: Math.round(performance.now() - this.#started) };
    this.#events.push(told);
    for (const listener of this.#listeners) listener(told);
  }

  /** Oldest first. */
  all(): readonly StageEvent[] {
    return [...this.#events];
  }
}
