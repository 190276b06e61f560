/**
 * The clocks of a run: snapshots, the timeout, and what is said or done when nothing moves.
 * @module
 */
import { RunError } from "../errors.ts";
import { LONGEST_TIMER_MS } from "../flow/clock.ts";
import type { Clock } from "../resources.ts";

/** What the clocks are set to, and what they call. */
export interface WatchOptions {
  /** Milliseconds between ticks; none unless given. */
  readonly everyMs?: number | null;
  /** Milliseconds the run may take; no end unless given. */
  readonly timeoutMs?: number | null;
  /** Milliseconds until {@link Watch.given} must have been called; undefined for no end. */
  readonly firstResultMs?: number | undefined;
  readonly clock: Clock;
  /** Milliseconds without any progress; 0 for no end. */
  readonly stallMs: number;
  /** Milliseconds without progress after which `blocked` is called, once for each time; 0, the default, for never. */
  readonly blockedMs?: number;
  /** Nothing has moved for `forMs` milliseconds. */
  blocked?(forMs: number): void;
  tick?(): void;
  /** Called at most once for each clock that ran out. */
  expire(error: RunError): void;
}

/** How often within its time the stall timer looks. */
const STALL_LOOKS = 8;
const LEAST_REPEAT_MS = 10;

/** At most five timers, all gone after {@link Watch.stop}. */
export class Watch {
  readonly #timers: ReturnType<typeof setTimeout>[] = [];
  readonly #stops: (() => void)[] = [];
  #stopFirst: () => void = () => {};
  #progress = performance.now();

  constructor(options: WatchOptions) {
    const { everyMs = null, timeoutMs = null, firstResultMs, stallMs, blockedMs = 0, clock } =
      options;
    if (everyMs !== null) this.#repeat(everyMs, () => options.tick?.());
    if (timeoutMs !== null) {
      const message = `The run took longer than its timeout of ${timeoutMs} ms`;
      const late = () => options.expire(new RunError("timeout", message));
      this.#stops.push(clock.after(timeoutMs, late));
    }
    if (firstResultMs !== undefined) {
      const message = `No row came out within first_result=${firstResultMs}ms; ` +
        "let a stage above answer earlier, or give it more time";
      const late = () => options.expire(new RunError("first_result_timeout", message));
      this.#stopFirst = clock.after(firstResultMs, late);
    }
    if (blockedMs > 0) {
      let told = -1;
      const look = () => {
        const forMs = performance.now() - this.#progress;
        if (forMs < blockedMs || told === this.#progress) return;
        told = this.#progress;
        options.blocked?.(Math.round(forMs));
      };
      this.#repeat(blockedMs / STALL_LOOKS, look);
    }
    if (stallMs > 0) {
      const message = `Nothing came in and nothing was taken out for ${stallMs} ms; ` +
        "send faster, read faster, or raise STALL_TIMEOUT";
      const look = () => {
        if (performance.now() - this.#progress < stallMs) return;
        options.expire(new RunError("stalled", message));
      };
      this.#repeat(stallMs / STALL_LOOKS, look);
    }
  }

  /** Calls `look` every so many milliseconds: at least 10, and at most what a timer knows. */
  #repeat(milliseconds: number, look: () => void): void {
    const everyMs = Math.min(Math.max(LEAST_REPEAT_MS, milliseconds), LONGEST_TIMER_MS);
    this.#timers.push(setInterval(look, everyMs));
  }

  /** Something moved. */
  touch(): void {
    this.#progress = performance.now();
  }

  /** The first row was given, or it is known that there is none. */
  given(): void {
    this.#stopFirst();
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const stop of this.#stops) stop();
    this.#stopFirst();
  }
}
