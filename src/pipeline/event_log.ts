/**
 * What stages tell of themselves while they run.
 * @module
 */
import type { StageEvent } from "./report.ts";

/** The most events that are kept. */
const MAX_EVENTS = 100;

const NO_EVENTS: readonly StageEvent[] = Object.freeze([]);

/** The latest hundred events of a run; each is also given to listeners at once. */
export class EventLog {
  readonly #events: StageEvent[] = [];
  readonly #first: ((event: StageEvent) => void) | undefined;
  /** Those who came later; few runs have any. */
  #listeners: Set<(event: StageEvent) => void> | null = null;

  /** `started` by the clock of `performance`. */
  constructor(
    listener?: (event: StageEvent) => void,
    readonly started: number = performance.now(),
  ) {
    this.#first = listener;
  }

  /** Calls `listener` for each event from now on; the function that is returned ends that. */
  listen(listener: (event: StageEvent) => void): () => void {
    const listeners = this.#listeners ??= new Set();
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  add(event: Omit<StageEvent, "at">): void {
    if (this.#events.length === MAX_EVENTS) this.#events.shift();
    const told = { ...event, at: Math.round(performance.now() - this.started) };
    this.#events.push(told);
    this.#first?.(told);
    for (const listener of this.#listeners ?? []) listener(told);
  }

  /** Oldest first. */
  all(): readonly StageEvent[] {
    return this.#events.length === 0 ? NO_EVENTS : [...this.#events];
  }
}
