/**
 * Quantiles of many numbers in little room: DDSketch (Masson, Rim and Lee, 2019) from @datadog/sketches-js, of which
 * only insertion and lookup are used. Its `merge` (2.1.1) leaves negative numbers out and mistakes bin 0 for no bin, so
 * sketches are merged here bin by bin; saved states are bins as well.
 * @module
 */
import { DDSketch } from "@datadog/sketches-js";

/** The largest relative error of a quantile. */
export const RELATIVE_ERROR = 0.01;

/**
 * Magnitudes beyond these count as the bound itself: a range of 500 decimal orders is 57,600 bins, which keeps the
 * library's `push(...bins)` under the 65,536 arguments that JavaScriptCore allows.
 */
const LEAST_MAGNITUDE = 1e-250;
const GREATEST_MAGNITUDE = 1e250;
const BIN_BYTES = 8;
const EMPTY_BYTES = 512;

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

type Store = DDSketch["store"];

/**
 * The quantiles of any amount of numbers, each within 1 % of the number that stands at its rank. The least and the
 * greatest are exact; the order of insertion leaves no trace.
 */
export class QuantileSketch {
  readonly #sketch = new DDSketch({ relativeAccuracy: RELATIVE_ERROR });
  #least = Infinity;
  #greatest = -Infinity;

  /** How many bytes this holds: 8 a bin between the least and the greatest, 4 KB for numbers of four decimal orders. */
  get bytes(): number {
    const { store, negativeStore } = this.#sketch;
    return EMPTY_BYTES + BIN_BYTES * (store.bins.length + negativeStore.bins.length);
  }

  /** Adds a finite number. */
  add(value: number): void {
    if (value < this.#least) this.#least = value;
    if (value > this.#greatest) this.#greatest = value;
    const magnitude = Math.abs(value);
    if (magnitude < LEAST_MAGNITUDE) this.#sketch.accept(0);
    else if (magnitude <= GREATEST_MAGNITUDE) this.#sketch.accept(value);
    else this.#sketch.accept(Math.sign(value) * GREATEST_MAGNITUDE);
  }

  /** The number at `share` of the way up by nearest rank, see {@link nearestRank}. */
  quantile(share: number): number {
    const { mapping, store, negativeStore, zeroCount } = this.#sketch;
    const negatives = negativeStore.count;
    const count = negatives + zeroCount + store.count;
    const rank = nearestRank(share, count);
    if (rank === 0) return this.#least;
    if (rank === count - 1) return this.#greatest;
    let value = 0;
    if (rank < negatives) {
      value = -mapping.value(negativeStore.keyAtRank(negatives - rank - 1, false));
    } else if (rank >= negatives + zeroCount) {
      value = mapping.value(store.keyAtRank(rank - negatives - zeroCount));
    }
    return Math.min(Math.max(value, this.#least), this.#greatest);
  }

  /** The whole sketch as data. */
  save(): SketchState {
    const { store, negativeStore, zeroCount } = this.#sketch;
    return {
      zeros: zeroCount,
      least: this.#least,
      greatest: this.#greatest,
      positive: saveBins(store),
      negative: saveBins(negativeStore),
    };
  }

  /** Adds all that a saved sketch had seen. */
  merge(state: SketchState): void {
    this.#least = Math.min(this.#least, state.least);
    this.#greatest = Math.max(this.#greatest, state.greatest);
    this.#sketch.zeroCount += state.zeros;
    addBins(this.#sketch.store, state.positive);
    addBins(this.#sketch.negativeStore, state.negative);
  }
}

/** The rank, from 0, of the number at `share` (0 to 1) of `count` in ascending order: no interpolation, as Miller does. */
export function nearestRank(share: number, count: number): number {
  return Math.min(Math.floor(share * count), count - 1);
}

function saveBins({ bins, offset }: Store): SavedBins {
  const filled = [...bins.keys()].filter((index) => bins[index]! > 0);
  return {
    keys: Int32Array.from(filled, (index) => index + offset),
    counts: Float64Array.from(filled, (index) => bins[index]!),
  };
}

function addBins(store: Store, { keys, counts }: SavedBins): void {
  for (let index = 0; index < keys.length; index++) store.add(keys[index]!, counts[index]!);
}
