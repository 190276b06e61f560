/**
 * A bucket for each key that needs one.
 * @module
 */
import { KeyEncoder } from "../aggregate/key.ts";
import type { Column } from "../batch/column.ts";
import { type Pace, TokenBucket } from "./token_bucket.ts";

/** The most keys with a bucket of their own. */
const MOST_KEYS = 10_000;
/** So many of the keys that were used longest ago are looked at when another needs their place. */
const LOOKED_AT = 8;
/** The bucket of all keys that found no place; no key is empty. */
const OTHERS = "";

/**
 * Buckets by key, at most 10,000: a full bucket is as good as a new one, so it gives way to another key. Where none is
 * full, further keys share one bucket, so each has at most its rate. Rows of a key that waits do not overtake each other.
 */
export class KeyBuckets {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #encoder = new KeyEncoder(() => {});
  /** Keys of which a row waits in this walk through the rows, with what that row costs. */
  readonly #blocked = new Map<string, number>();
  #now = 0;

  constructor(readonly pace: Pace) {}

  /** Begins a walk through all rows that wait, oldest first. */
  begin(now: number): void {
    this.#now = now;
    this.#blocked.clear();
  }

  /** Whether the row may pass now; takes its tokens. */
  pass(columns: readonly Column[], row: number, cost: number): boolean {
    const key = this.#keyOf(columns, row);
    if (this.#blocked.has(key)) return false;
    const place = this.#placeOf(key);
    if (place !== key && this.#blocked.has(place)) return false;
    if (this.#buckets.get(place)!.take(1, cost, this.#now) === 1) return true;
    this.#blocked.set(place, cost);
    return false;
  }

  /** Milliseconds until the next of the rows that wait may pass. */
  waitMs(now: number): number {
    let least = Infinity;
    for (const [key, cost] of this.#blocked) {
      least = Math.min(least, this.#buckets.get(key)!.waitMs(cost, now));
    }
    return Number.isFinite(least) ? least : 0;
  }

  save(now: number): readonly (readonly [key: string, tokens: number])[] {
    return [...this.#buckets].filter(([, bucket]) => !bucket.isFull(now))
      .map(([key, bucket]) => [key, bucket.tokens(now)] as const);
  }

  restore(saved: readonly (readonly [key: string, tokens: number])[], now: number): void {
    for (const [key, tokens] of saved) {
      const bucket = new TokenBucket(this.pace, now);
      bucket.restore(tokens, now);
      this.#buckets.set(key, bucket);
    }
  }

  /** The key whose bucket counts: its own where there is place for one. */
  #placeOf(key: string): string {
    const known = this.#buckets.get(key);
    if (known !== undefined) {
      // Behind all others, so that the first is the one used longest ago.
      this.#buckets.delete(key);
      this.#buckets.set(key, known);
      return key;
    }
    if (this.#blocked.has(OTHERS)) return OTHERS;
    if (this.#buckets.size >= MOST_KEYS && !this.#makePlace()) {
      if (!this.#buckets.has(OTHERS)) {
        this.#buckets.set(OTHERS, new TokenBucket(this.pace, this.#now));
      }
      return OTHERS;
    }
    this.#buckets.set(key, new TokenBucket(this.pace, this.#now));
    return key;
  }

  #makePlace(): boolean {
    let looked = 0;
    for (const [key, bucket] of this.#buckets) {
      if (key !== OTHERS && bucket.isFull(this.#now)) return this.#buckets.delete(key);
      if (++looked === LOOKED_AT) return false;
    }
    return false;
  }

  /** Bytes of all keys as text of one unit a byte, each behind its tag and length. */
  #keyOf(columns: readonly Column[], row: number): string {
    let text = "";
    for (const column of columns) {
      this.#encoder.start();
      const tag = this.#encoder.cell(column, row);
      const { bytes, length } = this.#encoder;
      text += `${tag}:${length}:`;
      for (let at = 0; at < length; at++) text += String.fromCharCode(bytes[at]!);
    }
    return text;
  }
}
