/**
 * Answers by key, the last used ones, for a time: bounded in number and in bytes.
 * @module
 */
import { LRUCache } from "lru-cache";
import type { Row, Value } from "../batch/column.ts";
import { weigh } from "../batch/gather.ts";
import { toJson } from "../expression/values.ts";
import type { Clock } from "../resources.ts";

/** How much is kept, and for how long. */
export interface AnswerCacheOptions {
  readonly size: number;
  readonly ttlMs: number;
  readonly maxBytes: number;
}

/** What a cache has done since it was made. */
export interface AnswerCacheReport extends AnswerCacheOptions {
  readonly entries: number;
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
}

/** Fields that were added to rows with a key, by that key. Memory: `maxBytes` at most; lru-cache does the rest. */
export class AnswerCache {
  hits = 0;
  misses = 0;
  evictions = 0;
  readonly #entries: LRUCache<string, { readonly fields: Row }>;

  constructor(readonly options: AnswerCacheOptions, clock: Clock) {
    this.#entries = new LRUCache<string, { readonly fields: Row }>({
      max: options.size,
      maxSize: options.maxBytes,
      sizeCalculation: ({ fields }, key) => weigh(fields) + 2 * key.length + 64,
      ttl: options.ttlMs,
      // With a resolution above 0 it would set timers; a time of 0 it takes for none.
      ttlResolution: 0,
      perf: { now: () => clock.now() + 1 },
      dispose: (_fields, _key, reason) => {
        if (reason === "evict") this.evictions++;
      },
    });
  }

  /** About what is held, in bytes. */
  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  /** The fields for `key`; undefined when they are not known (any more). Counts. */
  get(key: string): Row | undefined {
    const found = this.#entries.get(key);
    if (found === undefined) this.misses++;
    else this.hits++;
    return found?.fields;
  }

  /** Puts fields in; what was used longest ago makes room. */
  set(key: string, fields: Row): void {
    this.#entries.set(key, { fields });
  }

  /** Forgets the answers for a key as it is written in an address; tells whether there was one. */
  delete(text: string): boolean {
    const number = Number(text);
    const values: Value[] = [text, ...(text !== "" && Number.isFinite(number) ? [number] : [])];
    if (["null", "true", "false"].includes(text)) values.push(JSON.parse(text));
    if (!Number.isNaN(Date.parse(text))) values.push(new Date(text));
    return values.map((value) => this.#entries.delete(keyOf(value))).includes(true);
  }

  /** Forgets all. */
  clear(): void {
    this.#entries.clear();
  }

  /** The figures as they are now. */
  report(): AnswerCacheReport {
    return {
      ...this.options,
      entries: this.#entries.size,
      bytes: this.bytes,
      hits: this.hits,
      misses: this.misses,
      evictions: this.evictions,
    };
  }
}

/** A value as a key: values of different types differ. */
export function keyOf(value: Value): string {
  if (typeof value === "string") return `s${value}`;
  if (typeof value === "number") return `n${value + 0}`;
  if (value instanceof Date) return `t${value.getTime()}`;
  return `j${toJson(value)}`;
}
