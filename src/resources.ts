/**
 * What stages may reach beyond their rows: given by whoever starts the run, so that a stage never names a runtime.
 * @module
 */

/** Time, so that tests can be its master. */
export interface Clock {
  /** Milliseconds that never go backwards. */
  now(): number;
  /** Calls `then` once after `milliseconds`; the function that is returned takes that back. */
  after(milliseconds: number, then: () => void): () => void;
}

/** What the runs of one server share. */
export interface Resources {
  readonly clock: Clock;
}

/** The clock of the machine. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after(milliseconds, then) {
    const timer = setTimeout(then, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Time, and nothing else. */
export const DEFAULT_RESOURCES: Resources = { clock: SYSTEM_CLOCK };
