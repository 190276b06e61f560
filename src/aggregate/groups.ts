/**
 * Numbering groups: what a table of keys does, whether a group has one key or several.
 * @module
 */
import type { Column } from "../batch/column.ts";
import { GroupTable } from "./group_table.ts";
import { TupleTable } from "./tuple_table.ts";

/** Numbers groups from 0 in the order in which their keys are first seen. */
export interface Groups {
  /** How many groups there are. */
  readonly size: number;
  /**
   * The group of each physical row `rows[index]`, `index < count`, by its cells in `columns`, one column a key. The
   * array is the table's own and good until the next call.
   */
  assign(columns: readonly Column[], rows: Uint32Array, count: number): Int32Array;
  /** As {@link Groups.assign}, for who needs them at once: they may lie where the next call of any table writes. */
  passing(columns: readonly Column[], rows: Uint32Array, count: number): Int32Array;
  /** The keys of groups `[from, to)`, one column a key. */
  columns(from: number, to: number): Column[];
  /** All keys as structured-cloneable data. */
  save(): unknown;
  /** Adds the groups that another table of as many keys saved, in their order; gives the number of each here. */
  merge(state: unknown): Int32Array;
}

/** A table of `keys` (at least 1) keys a group. Memory is declared through `take`, which throws past the budget. */
export function newGroups(keys: number, take: (bytes: number) => void): Groups {
  return keys === 1 ? new GroupTable(take) : new TupleTable(keys, take);
}
