/**
 * What stages tell of themselves while they run.
 * @module
 */
import type { StageEvent } from "./report.ts";

/** The most events that are kept. */
const MAX_EVENTS = 100;

/** The latest hundred events of a run; each is also given to `listener` at once. */
export class EventLog {
  readonly #events: StageEvent[] = [];
  readonly #started = performance.now();

  constructor(readonly listener?: (event: StageEvent) => void) {}

  add(event: Omit<StageEvent, "at">): void {
    if (this.#events.length === MAX_EVENTS) this.#events.shift();
    const told = { ...event, at: Math.round(performance.now() - this.#started) };
    this.#events.push(told);
    this.listener?.(told);
  }

  /** Oldest first. */
  all(): readonly StageEvent[] {
    return [...this.#events];
  }
}
