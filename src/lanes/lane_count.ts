/**
 * How many lanes there should be.
 * @module
 */

/** After so many batches in a row that found no other lane free, there is one lane more. */
const BLOCKED = 4;
/** After so many in a row that left more than half of the lanes without work, there is one less. */
const STARVED = 64;

/** The number of lanes between two bounds. It waits much longer to shrink than to grow, so it does not swing. */
export class LaneCount {
  #blocked = 0;
  #starved = 0;

  constructor(readonly least: number, readonly most: number) {}

  /** A batch was given to one of `lanes` lanes, which left `free`. By how many their number should change. */
  next(lanes: number, free: number): -1 | 0 | 1 {
    this.#blocked = free === 0 ? this.#blocked + 1 : 0;
    this.#starved = free * 2 > lanes ? this.#starved + 1 : 0;
    if (this.#blocked >= BLOCKED && lanes < this.most) return this.#changed(1);
    if (this.#starved >= STARVED && lanes > this.least) return this.#changed(-1);
    return 0;
  }

  #changed(by: -1 | 1): -1 | 1 {
    this.#blocked = 0;
    this.#starved = 0;
    return by;
  }
}
