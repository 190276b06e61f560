/**
 * Caches with a name, which the runs of a server share.
 * @module
 */
import type { Clock } from "../resources.ts";
import { AnswerCache, type AnswerCacheOptions, type AnswerCacheReport } from "./answer_cache.ts";

interface Named {
  readonly cache: AnswerCache;
  /** What its answers are answers to. */
  readonly purpose: string;
  /** Settles when it has been filled for the first time. */
  readonly warmed: Promise<void>;
}

/** A named cache, for a list. */
export interface NamedCacheReport extends AnswerCacheReport {
  readonly name: string;
  readonly purpose: string;
}

/** At most `most` caches; each stays until it is removed. */
export class NamedCaches {
  readonly #caches = new Map<string, Named>();

  constructor(readonly most: number, readonly clock: Clock) {}

  /** Why there can be no cache of that name for that purpose; null when there can. */
  refusal(name: string, purpose: string): string | null {
    const known = this.#caches.get(name);
    if (known !== undefined && known.purpose !== purpose) {
      return `Cache \`${name}\` holds answers of another pipeline, \`${known.purpose}\``;
    }
    if (known !== undefined || this.#caches.size < this.most) return null;
    return this.most === 0
      ? "No cache can be named here: set CACHES=16"
      : `All ${this.most} named caches are there, raise CACHES or remove one by DELETE /v1/caches/NAME`;
  }

  /**
   * The cache of that name. Its first user's options hold, and `warm` runs for the first user alone. Throws Error with the
   * {@link refusal}.
   */
  open(
    name: string,
    purpose: string,
    options: AnswerCacheOptions,
    warm: (cache: AnswerCache) => Promise<void>,
  ): { readonly cache: AnswerCache; readonly warmed: Promise<void> } {
    const refusal = this.refusal(name, purpose);
    if (refusal !== null) throw new Error(refusal);
    const known = this.#caches.get(name);
    if (known !== undefined) return known;
    const cache = new AnswerCache(options, this.clock);
    const warmed = warm(cache);
    const named = { cache, purpose, warmed };
    this.#caches.set(name, named);
    // A cache that could not be filled is nobody's: the next run tries again.
    warmed.catch(() => this.#caches.get(name) === named && this.#caches.delete(name));
    return named;
  }

  /** Forgets a cache, or one key of it; tells whether it was there. */
  delete(name: string, key: string | null): boolean {
    if (key !== null) return this.#caches.get(name)?.cache.delete(key) ?? false;
    this.#caches.get(name)?.cache.clear();
    return this.#caches.delete(name);
  }

  /** All caches, by name. */
  reports(): readonly NamedCacheReport[] {
    return [...this.#caches].map(([name, { cache, purpose }]) => ({
      name,
      purpose,
      ...cache.report(),
    }));
  }
}
