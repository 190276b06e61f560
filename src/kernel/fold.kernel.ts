/**
 * Numbers added to the states of their groups in AssemblyScript: in one pass what `min`, `max`, `sum` and `count` do in one
 * each. It must leave the bits that they leave: see `src/aggregate/extreme.ts` and `exact_sums.ts`. Part of
 * `columns.kernel.ts`.
 * @module
 */
import { COUNTS, GREATEST, GROUPS, LEAST, RESTS, SUMS, VALUES } from "./layout.kernel";

/** What of the states is kept, as bits of `wants`. */
const WANTS_LEAST: i32 = 1;
const WANTS_GREATEST: i32 = 2;
const WANTS_SUM: i32 = 4;

/**
 * Adds the first `count` of the values to the groups beside them, below `groups`, and counts them for each group. NaN is left
 * out, and where a group has no least or greatest number yet, that is NaN. Gives how many were left out.
 */
export function fold(count: i32, groups: i32, wants: i32): i32 {
  let skipped = 0;
  memory.fill(COUNTS, 0, <usize> groups << 2);
  for (let cell: usize = 0; cell < <usize> count; cell++) {
    const value = load<f64>(cell << 3, VALUES);
    const group = <usize> load<u32>(cell << 2, GROUPS);
    if (value != value) {
      skipped++;
      continue;
    }
    const counted = group << 2;
    store<i32>(counted, load<i32>(counted, COUNTS) + 1, COUNTS);
    const state = group << 3;
    if (wants & WANTS_LEAST && !(value >= load<f64>(state, LEAST))) {
      store<f64>(state, value, LEAST);
    }
    if (wants & WANTS_GREATEST && !(value <= load<f64>(state, GREATEST))) {
      store<f64>(state, value, GREATEST);
    }
    if (wants & WANTS_SUM) Sum.add(state, value);
  }
  return skipped;
}

/** A part of the loop, compiled into it. */
class Sum {
  /** Adds to a double-double sum (Knuth's two-sum). */
  @inline
  static add(state: usize, value: f64): void {
    const high = load<f64>(state, SUMS);
    const sum = high + value;
    const shift = sum - high;
    const rest = load<f64>(state, RESTS) + ((high - (sum - shift)) + (value - shift));
    const rounded = sum + rest;
    store<f64>(state, rounded, SUMS);
    store<f64>(state, rest - (rounded - sum), RESTS);
  }
}
