/**
 * Quantiles of many numbers in little room: DDSketch (Masson, Rim and Lee, DDSketch, 2019) with logarithmic bins, each
 * sign's in one typed array.
 * @module
 */

/** The largest relative error of a quantile. */
export const RELATIVE_ERROR = 0.01;

/** Magnitudes beyond these count as 0 and as the bound itself: a range of 500 decimal orders is 57,600 bins. */
const LEAST_MAGNITUDE = 1e-250;
const GREATEST_MAGNITUDE = 1e250;
const BIN_BYTES = 8;
const EMPTY_BYTES = 512;
/** Bins are added so many at once. */
const BIN_STEP = 64;

/** Bin `key` holds the magnitudes in (g^(key-1), g^key], where g is (1 + error) / (1 - error). */
const GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_GROWTH = Math.log1p(2 * RELATIVE_ERROR / (1 - RELATIVE_ERROR));
const KEYS_PER_LOG = 1 / LOG_GROWTH;

/** The bins of one sign that are not empty. */
interface SavedBins {
  readonly keys: Int32Array;
  readonly counts: Float64Array;
}

/** A sketch as structured-cloneable data. */
export interface SketchState {
  readonly zeros: number;
  readonly least: number;
  readonly greatest: number;
  readonly positive: SavedBins;
  readonly negative: SavedBins;
}

/**
 * The quantiles of any amount of numbers, each within 1 % of the number that stands at its rank. The least and the
 * greatest are exact; the order of insertion leaves no trace.
 */
export class QuantileSketch {
  readonly #positive = new Bins();
  readonly #negative = new Bins();
  #zeros = 0;
  #least = Infinity;
  #greatest = -Infinity;

  /** How many bytes this holds: 8 a bin between the least and the greatest, 4 KB for numbers of four decimal orders. */
  get bytes(): number {
    return EMPTY_BYTES + BIN_BYTES * (this.#positive.size + this.#negative.size);
  }

  /** Adds a finite number; true when {@link QuantileSketch.bytes} has changed. */
  add(value: number): boolean {
    if (value < this.#least) this.#least = value;
    if (value > this.#greatest) this.#greatest = value;
    const magnitude = Math.abs(value);
    if (magnitude < LEAST_MAGNITUDE) {
      this.#zeros++;
      return false;
    }
    const bins = value > 0 ? this.#positive : this.#negative;
    return bins.add(keyOf(Math.min(magnitude, GREATEST_MAGNITUDE)), 1);
  }

  /** The number at `share` of the way up by nearest rank, see {@link nearestRank}. */
  quantile(share: number): number {
    const negatives = this.#negative.count;
    const count = negatives + this.#zeros + this.#positive.count;
    const rank = nearestRank(share, count);
    if (rank === 0) return this.#least;
    if (rank === count - 1) return this.#greatest;
    let value = 0;
    if (rank < negatives) {
      value = -valueOf(this.#negative.keyAt(negatives - rank - 1));
    } else if (rank >= negatives + this.#zeros) {
      value = valueOf(this.#positive.keyAt(rank - negatives - this.#zeros));
    }
    return Math.min(Math.max(value, this.#least), this.#greatest);
  }

  /** The whole sketch as data. */
  save(): SketchState {
    return {
      zeros: this.#zeros,
      least: this.#least,
      greatest: this.#greatest,
      positive: this.#positive.save(),
      negative: this.#negative.save(),
    };
  }

  /** Adds all that a saved sketch had seen. */
  merge(state: SketchState): void {
    this.#least = Math.min(this.#least, state.least);
    this.#greatest = Math.max(this.#greatest, state.greatest);
    this.#zeros += state.zeros;
    this.#positive.merge(state.positive);
    this.#negative.merge(state.negative);
  }
}

/** The rank, from 0, of the number at `share` (0 to 1) of `count` in ascending order: no interpolation, as Miller does. */
export function nearestRank(share: number, count: number): number {
  return Math.min(Math.floor(share * count), count - 1);
}

function keyOf(magnitude: number): number {
  return Math.ceil(Math.log(magnitude) * KEYS_PER_LOG);
}

/** The number that is at most {@link RELATIVE_ERROR} away from each of its bin. */
function valueOf(key: number): number {
  return Math.exp(key * LOG_GROWTH) * (2 / (1 + GROWTH));
}

/** Counts by key, in an array from the least key to the greatest, with some room. */
class Bins {
  count = 0;
  #counts = new Float64Array(0);
  /** The key of the first bin. */
  #first = 0;

  get size(): number {
    return this.#counts.length;
  }

  /** Adds to a bin; true when more bins were made for it. */
  add(key: number, count: number): boolean {
    const at = key - this.#first;
    const made = at < 0 || at >= this.#counts.length;
    if (made) this.#makeRoom(key);
    this.#counts[key - this.#first]! += count;
    this.count += count;
    return made;
  }

  /** The key of the bin that holds the number of a rank, from 0 at the least magnitude. */
  keyAt(rank: number): number {
    let at = 0;
    for (let seen = this.#counts[0]!; seen <= rank; seen += this.#counts[at]!) at++;
    return at + this.#first;
  }

  save(): SavedBins {
    const filled = [...this.#counts.keys()].filter((index) => this.#counts[index]! > 0);
    return {
      keys: Int32Array.from(filled, (index) => index + this.#first),
      counts: Float64Array.from(filled, (index) => this.#counts[index]!),
    };
  }

  merge({ keys, counts }: SavedBins): void {
    for (let index = 0; index < keys.length; index++) this.add(keys[index]!, counts[index]!);
  }

  /** Bins for `key` and the keys around it, whole steps of them. */
  #makeRoom(key: number): void {
    const old = this.#counts;
    const from = Math.floor(key / BIN_STEP) * BIN_STEP;
    const first = old.length === 0 ? from : Math.min(this.#first, from);
    const end = Math.max(old.length === 0 ? from : this.#first + old.length, from + BIN_STEP);
    this.#counts = new Float64Array(end - first);
    if (old.length > 0) this.#counts.set(old, this.#first - first);
    this.#first = first;
  }
}
