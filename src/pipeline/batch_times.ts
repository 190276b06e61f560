/**
 * How long a stage takes for a batch: counts in fixed buckets.
 * @module
 */

/** Upper bounds of the buckets in milliseconds, inclusive; what takes longer is in one more. */
export const BATCH_TIME_BOUNDS: readonly number[] = [
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  25,
  50,
  100,
  250,
  500,
  1_000,
  2_500,
  10_000,
];

/** What was counted, for reports: only buckets that hold something, by their upper bound. */
export interface BatchTimes {
  readonly count: number;
  readonly sumMs: number;
  /** Upper bounds of the buckets in which these quantiles lie; null before the first batch. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly buckets: Readonly<Record<string, number>>;
}

/** A histogram of 17 counts, which are made by the first batch. */
export class BatchTimeHistogram {
  #counts: number[] | null = null;
  sumMs = 0;
  count = 0;

  /** Counts batches that took so long each. */
  record(milliseconds: number, batches = 1): void {
    let bucket = 0;
    while (bucket < BATCH_TIME_BOUNDS.length && milliseconds > BATCH_TIME_BOUNDS[bucket]!) bucket++;
    this.#made()[bucket]! += batches;
    this.sumMs += milliseconds * batches;
    this.count += batches;
  }

  /** Counts what `other` has counted. */
  add(other: BatchTimeHistogram): void {
    if (other.count === 0) return;
    const counts = this.#made(), others = other.#made();
    for (let bucket = 0; bucket < counts.length; bucket++) counts[bucket]! += others[bucket]!;
    this.sumMs += other.sumMs;
    this.count += other.count;
  }

  clear(): void {
    this.#counts?.fill(0);
    this.sumMs = this.count = 0;
  }

  /** The upper bound of the bucket that holds the share `quantile` of all; null when there are none. */
  quantile(quantile: number): number | null {
    const counts = this.#counts;
    if (counts === null || this.count === 0) return null;
    let bucket = 0;
    for (let seen = counts[0]!; seen < quantile * this.count;) seen += counts[++bucket]!;
    return BATCH_TIME_BOUNDS[bucket] ?? BATCH_TIME_BOUNDS.at(-1)!;
  }

  #made(): number[] {
    return this.#counts ??= new Array(BATCH_TIME_BOUNDS.length + 1).fill(0);
  }

  report(): BatchTimes {
    const buckets = this.#buckets();
    return {
      count: this.count,
      sumMs: Math.round(this.sumMs * 1000) / 1000,
      p50Ms: this.quantile(0.5),
      p99Ms: this.quantile(0.99),
      buckets,
    };
  }

  #buckets(): BatchTimes["buckets"] {
    if (this.count === 0) return NO_BATCHES;
    if (this.count === 1) return ONE_BATCH[this.#counts!.indexOf(1)]!;
    const buckets: Record<string, number> = {};
    for (let index = 0, left = this.count; left > 0; index++) {
      const batches = this.#counts![index]!;
      left -= batches;
      if (batches > 0) buckets[bucketName(index)] = batches;
    }
    return buckets;
  }
}

const BUCKET_NAMES: readonly string[] = [...BATCH_TIME_BOUNDS.map(String), "more"];

/** What most stages of small runs report: one object for all of them. */
const NO_BATCHES: BatchTimes["buckets"] = Object.freeze({});
const ONE_BATCH: readonly BatchTimes["buckets"][] = BUCKET_NAMES.map((name) =>
  Object.freeze({ [name]: 1 })
);

const BUCKETS: ReadonlyMap<string, number> = new Map(
  BUCKET_NAMES.map((name, index) => [name, index]),
);

/** The bucket that reports call so. */
export function bucketOf(name: string): number {
  return BUCKETS.get(name)!;
}

/** How reports call a bucket: its upper bound, or `more`. */
function bucketName(index: number): string {
  return BUCKET_NAMES[index]!;
}
