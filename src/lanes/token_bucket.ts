/**
 * Token buckets: how fast rows may pass.
 * @module
 */

/** How fast, now. Tokens are rows or bytes. */
export interface Pace {
  /** Tokens a millisecond. */
  readonly perMs: number;
  /** The most tokens that wait for rows. */
  readonly burst: number;
}

/** Rounding of times must not hold a row back for ever. */
const ALMOST = 1e-9;

/** Tokens of one stream or key. In any stretch of time it gives at most what the pace makes in it, and one burst. */
export class TokenBucket {
  #tokens: number;
  #at: number;

  constructor(readonly pace: Pace, now: number) {
    this.#tokens = pace.burst;
    this.#at = now;
  }

  /** How many rows of `cost` tokens each may pass now, `most` at most; takes their tokens. */
  take(most: number, cost: number, now: number): number {
    const tokens = this.tokens(now);
    const rows = Math.min(most, Math.floor(tokens / cost + ALMOST));
    // A row that costs more than a burst passes when the bucket is full, and leaves a debt.
    const passing = rows > 0 ? rows : this.#full(tokens) ? Math.min(1, most) : 0;
    this.#tokens = Math.max(tokens - passing * cost, passing > rows ? -Infinity : 0);
    return passing;
  }

  /** Milliseconds until a row of `cost` tokens may pass. */
  waitMs(cost: number, now: number): number {
    const lacking = Math.min(cost, this.pace.burst) - this.tokens(now);
    return lacking <= cost * ALMOST ? 0 : lacking / this.pace.perMs;
  }

  /** Whether it is as it was when it was new, so that forgetting it changes nothing. */
  isFull(now: number): boolean {
    return this.#full(this.tokens(now));
  }

  /** Tokens there now; below 0 is a debt. Setting them is for a saved state. */
  tokens(now: number): number {
    this.#tokens = Math.min(
      this.pace.burst,
      this.#tokens + Math.max(0, now - this.#at) * this.pace.perMs,
    );
    this.#at = Math.max(now, this.#at);
    return this.#tokens;
  }

  /** As many tokens as another bucket had. */
  restore(tokens: number, now: number): void {
    this.#tokens = tokens;
    this.#at = now;
  }

  #full(tokens: number): boolean {
    return tokens >= this.pace.burst * (1 - ALMOST);
  }
}
