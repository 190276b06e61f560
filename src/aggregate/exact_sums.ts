/**
 * Sums in twice the precision of a number (106 bits): each is a rounded sum and the part that rounding lost (Knuth's
 * two-sum, Dekker's product; as in Hida, Li and Bailey, Library for Double-Double Arithmetic, 2000). Whole numbers are
 * exact up to 2^53, and a sum of ordinary decimals does not depend on the order in which its slices were added.
 * @module
 */
import type { AccumulatorContext } from "./aggregate.ts";
import { NumberStates } from "./states.ts";

/** An unevaluated sum, `high` being the sum rounded. */
export type DoubleDouble = readonly [high: number, low: number];

/** One double-double sum a group, 16 bytes. */
export class ExactSums {
  readonly high: NumberStates;
  readonly low: NumberStates;

  constructor(context: AccumulatorContext) {
    this.high = new NumberStates(context);
    this.low = new NumberStates(context);
  }

  /** Makes room for groups `[0, groups)`. */
  grow(groups: number): void {
    this.high.grow(groups);
    this.low.grow(groups);
  }

  /** Adds a number to a group's sum. */
  add(group: number, value: number): void {
    const highs = this.high.values;
    const lows = this.low.values;
    const high = highs[group]!;
    const sum = high + value;
    const shift = sum - high;
    const rest = lows[group]! + ((high - (sum - shift)) + (value - shift));
    const rounded = sum + rest;
    highs[group] = rounded;
    lows[group] = rest - (rounded - sum);
  }

  /** Adds `values[index]` to the sum of the group `groups[index]`, `index < count`, and 1 to its count, NaN left out. */
  addAll(groups: Int32Array, values: Float64Array, count: number, counts: Float64Array): void {
    const highs = this.high.values;
    const lows = this.low.values;
    for (let index = 0; index < count; index++) {
      const value = values[index]!;
      if (value !== value) continue;
      const group = groups[index]!;
      const high = highs[group]!;
      const sum = high + value;
      const shift = sum - high;
      const rest = lows[group]! + ((high - (sum - shift)) + (value - shift));
      const rounded = sum + rest;
      highs[group] = rounded;
      lows[group] = rest - (rounded - sum);
      counts[group]! += 1;
    }
  }

  /** A group's sum. */
  get(group: number): DoubleDouble {
    return [this.high.values[group]!, this.low.values[group]!];
  }

  /** The sums of groups `[0, groups)`. */
  save(groups: number): readonly Float64Array[] {
    return [this.high.values.slice(0, groups), this.low.values.slice(0, groups)];
  }

  /** Adds saved sums: the `n`-th goes to group `groups[n]`. */
  merge([high, low]: readonly Float64Array[], groups: Int32Array): void {
    for (let index = 0; index < groups.length; index++) {
      this.add(groups[index]!, high![index]!);
      this.add(groups[index]!, low![index]!);
    }
  }
}

const SPLITTER = 2 ** 27 + 1;

/** What rounding lost in `product = left * right` (Dekker, with Veltkamp's split). */
export function productError(left: number, right: number, product: number): number {
  const leftBig = left * SPLITTER;
  const leftHigh = leftBig - (leftBig - left);
  const leftLow = left - leftHigh;
  const rightBig = right * SPLITTER;
  const rightHigh = rightBig - (rightBig - right);
  const rightLow = right - rightHigh;
  return ((leftHigh * rightHigh - product) + leftHigh * rightLow + leftLow * rightHigh) +
    leftLow * rightLow;
}

/** The product of two double-doubles. */
export function multiply(left: DoubleDouble, right: DoubleDouble): DoubleDouble {
  const product = left[0] * right[0];
  const rest = productError(left[0], right[0], product) + left[0] * right[1] + left[1] * right[0];
  const high = product + rest;
  return [high, rest - (high - product)];
}

/** `left - right`, rounded once. */
export function difference(left: DoubleDouble, right: DoubleDouble): number {
  const high = left[0] - right[0];
  const shift = high - left[0];
  const lost = (left[0] - (high - shift)) + (-right[0] - shift);
  return high + (lost + (left[1] - right[1]));
}
