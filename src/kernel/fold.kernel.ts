/**
 * Numbers added to the states of their groups in AssemblyScript: in one pass what `min`, `max`, `sum` and `count` do in one
 * each, two rows at a time. It must leave the bits that they leave: see `src/aggregate/extreme.ts` and `exact_sums.ts`. Part
 * of `columns.kernel.ts`.
 * @module
 */
import { COUNTS, GROUPS, STATES, VALUES } from "./layout.kernel";

/** A group is 32 bytes of STATES. */
const STATE_SHIFT: i32 = 5;
const SUM: usize = STATES + 16;
const REST: usize = SUM + 8;

/**
 * Adds the first `count` of the values to the groups beside them, and to how many each group has. NaN is left out. A group
 * without a number has infinite bounds, less than which is any number. Sums are left alone unless they are wanted: what comes
 * next of a group waits for them. Gives how many values were left out.
 */
export function fold(count: i32, wantsSums: bool): i32 {
  return wantsSums ? States.addAll(count, true) : States.addAll(count, false);
}

/** Adds the first `count` rows to how many each group has. */
export function tally(count: i32): void {
  for (let cell: usize = 0; cell < <usize> count; cell++) {
    States.count(load<u32>(cell << 2, GROUPS), 1);
  }
}

/** Adds one number, and gives 0; 1 if it is left out. */
function addOne(value: f64, group: u32, wantsSums: bool): i32 {
  if (value != value) return 1;
  const state = <usize> group << STATE_SHIFT;
  States.count(group, 1);
  const bounds = v128.load(state, STATES);
  v128.store(state, f64x2.pmin(bounds, States.bounds(f64x2.splat(value))), STATES);
  if (wantsSums) States.sum(state, value);
  return 0;
}

/** The loop and its parts, compiled into one, without sums once more. */
class States {
  @inline
  static addAll(count: i32, wantsSums: bool): i32 {
    let skipped = 0;
    let cell: usize = 0;
    for (; cell + 2 <= <usize> count; cell += 2) {
      const values = v128.load(cell << 3, VALUES);
      const first = load<u32>(cell << 2, GROUPS);
      const second = load<u32>(cell << 2, GROUPS + 4);
      if (v128.any_true(f64x2.ne(values, values))) {
        skipped += addOne(f64x2.extract_lane(values, 0), first, wantsSums);
        skipped += addOne(f64x2.extract_lane(values, 1), second, wantsSums);
      } else if (first == second) {
        States.boundSame(values, first);
        if (wantsSums) States.sumSame(values, first);
      } else {
        States.boundTwo(values, first, second);
        if (wantsSums) States.sumTwo(values, first, second);
      }
    }
    if (cell < <usize> count) {
      const group = load<u32>(cell << 2, GROUPS);
      skipped += addOne(load<f64>(cell << 3, VALUES), group, wantsSums);
    }
    return skipped;
  }

  /** Counts two numbers, and puts them to the bounds of two groups. */
  @inline
  static boundTwo(values: v128, first: u32, second: u32): void {
    const firstState = <usize> first << STATE_SHIFT;
    const secondState = <usize> second << STATE_SHIFT;
    States.count(first, 1);
    States.count(second, 1);
    const firstBounds = States.bounds(v128.shuffle<f64>(values, values, 0, 0));
    const secondBounds = States.bounds(v128.shuffle<f64>(values, values, 1, 1));
    v128.store(firstState, f64x2.pmin(v128.load(firstState, STATES), firstBounds), STATES);
    v128.store(secondState, f64x2.pmin(v128.load(secondState, STATES), secondBounds), STATES);
  }

  /** Adds two numbers to the sums of two groups, as {@link States.sum}. */
  @inline
  static sumTwo(values: v128, first: u32, second: u32): void {
    const firstState = <usize> first << STATE_SHIFT;
    const secondState = <usize> second << STATE_SHIFT;
    const firstSum = v128.load(firstState, SUM);
    const secondSum = v128.load(secondState, SUM);
    const high = v128.shuffle<f64>(firstSum, secondSum, 0, 2);
    const low = v128.shuffle<f64>(firstSum, secondSum, 1, 3);
    const sum = f64x2.add(high, values);
    const shift = f64x2.sub(sum, high);
    const lost = f64x2.add(f64x2.sub(high, f64x2.sub(sum, shift)), f64x2.sub(values, shift));
    const rest = f64x2.add(low, lost);
    const rounded = f64x2.add(sum, rest);
    const remains = f64x2.sub(rest, f64x2.sub(rounded, sum));
    v128.store(firstState, v128.shuffle<f64>(rounded, remains, 0, 2), SUM);
    v128.store(secondState, v128.shuffle<f64>(rounded, remains, 1, 3), SUM);
  }

  /** Counts two numbers, and puts them to the bounds of one group in their order. */
  @inline
  static boundSame(values: v128, group: u32): void {
    const state = <usize> group << STATE_SHIFT;
    States.count(group, 2);
    const firstBounds = States.bounds(v128.shuffle<f64>(values, values, 0, 0));
    const secondBounds = States.bounds(v128.shuffle<f64>(values, values, 1, 1));
    const bounds = f64x2.pmin(v128.load(state, STATES), firstBounds);
    v128.store(state, f64x2.pmin(bounds, secondBounds), STATES);
  }

  /** Adds two numbers to one group's sum, one after the other, as {@link States.sum}. */
  @inline
  static sumSame(values: v128, group: u32): void {
    const state = <usize> group << STATE_SHIFT;
    const value = f64x2.extract_lane(values, 0);
    const high = load<f64>(state, SUM);
    const sum = high + value;
    const shift = sum - high;
    const rest = load<f64>(state, REST) + ((high - (sum - shift)) + (value - shift));
    const rounded = sum + rest;
    const second = f64x2.extract_lane(values, 1);
    const next = rounded + second;
    const moved = next - rounded;
    const lost = rest - (rounded - sum);
    const remains = lost + ((rounded - (next - moved)) + (second - moved));
    const whole = next + remains;
    store<f64>(state, whole, SUM);
    store<f64>(state, remains - (whole - next), REST);
  }

  @inline
  static count(group: u32, rows: i32): void {
    const place = <usize> group << 2;
    store<i32>(place, load<i32>(place, COUNTS) + rows, COUNTS);
  }

  /** A number beside itself as a least and a greatest one: of two that are equal the first stays, as it may be another zero. */
  @inline
  static bounds(twice: v128): v128 {
    return v128.xor(twice, i64x2(0, i64.MIN_VALUE));
  }

  /** Adds to a double-double sum (Knuth's two-sum). */
  @inline
  static sum(state: usize, value: f64): void {
    const high = load<f64>(state, SUM);
    const sum = high + value;
    const shift = sum - high;
    const rest = load<f64>(state, REST) + ((high - (sum - shift)) + (value - shift));
    const rounded = sum + rest;
    store<f64>(state, rounded, SUM);
    store<f64>(state, rest - (rounded - sum), REST);
  }
}
