/**
 * The contract of an aggregate: an accumulator that keeps one state for each group, in typed arrays where it can.
 * Partial states merge, so a plan gives the same answer on one thread, on many, or on many machines.
 * @module
 */
import type { Column, Value } from "../batch/column.ts";
import type { FieldType } from "../schema.ts";
import type { ExactSums } from "./exact_sums.ts";
import type { NumberStates } from "./states.ts";

/** What an accumulator may use. */
export interface AccumulatorContext {
  /** Takes bytes of the run's budget, throwing past it; negative gives back. */
  take(bytes: number): void;
  /** Says `fact` of this call's result column under a key of the run's `$notice`: an approximation with its error, a bound reached. */
  notice(key: string, fact: string): void;
}

/**
 * A state that is made of numbers alone: what stands here is all that `add` would change for a column that has no values but
 * numbers and nulls. So the states of several calls can be kept up in one pass.
 */
export interface NumberParts {
  /** How many numbers were added; of a call without an argument, how many rows. */
  readonly counts?: NumberStates;
  /** The least and the greatest number; NaN before the first. */
  readonly least?: NumberStates;
  readonly greatest?: NumberStates;
  readonly sums?: ExactSums;
}

/** The states of one aggregate call over all groups of one stage. Groups are numbered from 0 without gaps. */
export interface Accumulator {
  /** Makes room for groups `[0, groups)`; new ones are empty. Called before any of them is used. */
  grow(groups: number): void;
  /**
   * Adds some rows: for each `index < count`, physical row `rows[index]` of the argument columns belongs to group
   * `groups[index]`. Rows that fail the call's `if` are already left out.
   */
  add(groups: Int32Array, rows: Uint32Array, count: number, columns: readonly Column[]): void;
  /** The state's parts, where it is made of numbers alone; null while it is not. */
  numberParts?(): NumberParts | null;
  /** The aggregate's value in a group; may be asked any time, and changes nothing. */
  result(group: number): Value;
  /** The states of all groups as JSON-safe data and typed arrays, structured-cloneable; not shared with this one. */
  save(): unknown;
  /** Adds the groups of a saved state: its group `n` is this one's group `groups[n]`, and follows it in row order. */
  merge(state: unknown, groups: Int32Array): void;
}

/** An aggregate function of `stats`. */
export interface AggregateDefinition {
  /** `avg`; for a family such as `pNN`, the name as the user wrote it, `p99`. */
  readonly name: string;
  /** As shown to users: `avg(number)`. */
  readonly signature: string;
  readonly summary: string;
  /** The fewest and the most arguments. */
  readonly arity: readonly [least: number, most: number];
  /**
   * How many of the last arguments, of the most it takes, must be literals (a limit, a quantile); given to `create` as
   * values, without those that were left out.
   */
  readonly literals: number;
  /** The type of the result, given those of the arguments. */
  result(arguments_: readonly FieldType[]): FieldType;
  /** Null, or what is wrong with the literal arguments. */
  checkLiterals?(literals: readonly Value[]): string | null;
  /** An accumulator with no groups. */
  create(literals: readonly Value[], context: AccumulatorContext): Accumulator;
  /**
   * Set when the state depends on neither the literals nor which definition of the `family` made it: calls of one family
   * with the same arguments and condition then keep one state, and `read` gives from it the value of a call with `literals`.
   */
  readonly shared?: {
    readonly family: string;
    read(accumulator: Accumulator, group: number, literals: readonly Value[]): Value;
  };
}
