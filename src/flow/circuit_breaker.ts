import {
  BrokenCircuitError,
  circuitBreaker as breaking,
  CircuitState,
  ConsecutiveBreaker,
  handleAll,
  handleWhen,
  type IBackoff,
  type IBreaker,
} from "cockatiel";
import { type Clock, systemClock, type Timed } from "./clock.ts";
import type { Work } from "./stage.ts";

/** What an open circuit fails with, without asking. */
export { BrokenCircuitError };

/** What a circuit does now: "closed" asks, "open" refuses, "half_open" tries one. */
export type Circuit = "closed" | "open" | "half_open";

/** When a circuit opens and closes. */
export interface CircuitBreakerOptions extends Timed {
  /** It opens at so many failures … */
  readonly failures: number;
  /** … in so many milliseconds. Default: in a row, however long that takes. */
  readonly withinMs?: number;
  /** So long it stays open, in milliseconds; then one call is let through, and others wait for what comes of it. */
  readonly openMs: number;
  /** Which errors count. Default: all. */
  readonly when?: (error: unknown) => boolean;
  /** Told when the state changes. */
  readonly onChange?: (circuit: Circuit) => void;
}

/**
 * `work` that is not asked while it is known to fail: calls then fail at once with a BrokenCircuitError, until a trial
 * call succeeds. The states are cockatiel's. Memory: `failures` times.
 *
 * @example After two failures
 * ```ts
 * import { circuitBreaker, collect, fallback, from, map } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * let calls = 0;
 * const down = (): number => {
 *   calls++;
 *   throw new Error("Down");
 * };
 * const guarded = circuitBreaker(down, { failures: 2, withinMs: 1000, openMs: 60_000 });
 * const answers = from([1, 2, 3, 4]).pipeThrough(map(fallback(guarded, () => -1)));
 * assert.deepEqual(await collect(answers), [-1, -1, -1, -1]);
 * assert.equal(calls, 2);
 * ```
 */
export function circuitBreaker<In, Out>(
  work: Work<In, Out>,
  options: CircuitBreakerOptions,
): Work<In, Out> {
  const { clock = systemClock, when, onChange, openMs, failures, withinMs } = options;
  const policy = breaking(when === undefined ? handleAll : handleWhen(when), {
    halfOpenAfter: { next: () => new OpenTime(clock, openMs) },
    breaker: withinMs === undefined
      ? new ConsecutiveBreaker(failures)
      : new FailureWindow(clock, failures, withinMs),
  });
  if (onChange !== undefined) policy.onStateChange((state) => onChange(NAMES[state]));
  return (item, signal) => policy.execute(() => work(item, signal), signal);
}

const NAMES: Readonly<Record<CircuitState, Circuit>> = {
  [CircuitState.Closed]: "closed",
  [CircuitState.Open]: "open",
  [CircuitState.HalfOpen]: "half_open",
  [CircuitState.Isolated]: "open",
};

/** How long a circuit stays open. cockatiel asks at each call, and compares with the system's clock: so all or nothing. */
class OpenTime implements IBackoff<unknown> {
  readonly #until: number;
  constructor(readonly clock: Clock, readonly openMs: number) {
    this.#until = clock.now() + openMs;
  }

  get duration(): number {
    return this.clock.now() < this.#until ? Infinity : -Infinity;
  }

  next(): OpenTime {
    return new OpenTime(this.clock, this.openMs);
  }
}

/** Opens at a number of failures within a time. */
class FailureWindow implements IBreaker {
  state: number[] = [];
  constructor(
    readonly clock: Clock,
    readonly failures: number,
    readonly withinMs: number,
  ) {}

  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) this.state = [];
  }

  failure(): boolean {
    const now = this.clock.now();
    this.state.push(now);
    if (this.state.length > this.failures) this.state.shift();
    return this.state.length === this.failures && now - this.state[0]! <= this.withinMs;
  }
}
