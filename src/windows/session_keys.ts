/**
 * The keys of sessions: numbered while one of them is open, forgotten after.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Column, Value } from "../batch/column.ts";
import { type Groups, newGroups } from "../aggregate/groups.ts";
import type { Budget } from "../stage.ts";

/** A column of the rows to come, evaluated on a batch. */
type Evaluate = (batch: Batch) => Column;

/** Below so many keys nothing is forgotten. */
const FEW_KEYS = 1024;

/** Numbers keys from 0. Holds at most four times the keys in use, or some more than a thousand. */
export class SessionKeys {
  #table: Groups | null = null;
  #held = 0;
  readonly #none = new Int32Array(1);

  constructor(readonly keys: readonly Evaluate[], readonly budget: Budget) {
    if (keys.length > 0) this.#table = this.#newTable();
  }

  /** The key's number in each row `rows[index]`, good until the next call. */
  assign(batch: Batch, rows: Uint32Array): Int32Array {
    if (this.#table === null) return new Int32Array(rows.length);
    return this.#table.assign(this.keys.map((evaluate) => evaluate(batch)), rows, rows.length);
  }

  /** The values of a key. */
  values(group: number): readonly Value[] {
    return this.#table?.columns(group, group + 1).map((column) => column.value(0)) ?? [];
  }

  /** Whether many more keys are known than the `used` ones. */
  crowded(used: number): boolean {
    return this.#table !== null && this.#table.size > FEW_KEYS && this.#table.size > 4 * used;
  }

  /** Forgets all keys but these; gives their new numbers, in the same order. */
  keepOnly(groups: readonly number[]): Int32Array {
    const state = this.save(groups);
    this.dispose();
    return this.restore(state);
  }

  /** These keys as data. */
  save(groups: readonly number[]): unknown {
    if (this.#table === null) return null;
    const columns = this.#table.columns(0, this.#table.size);
    const few = newGroups(this.keys.length, () => {});
    few.assign(columns, Uint32Array.from(groups), groups.length);
    return few.save();
  }

  /** Keys that were saved, into none; gives their numbers. */
  restore(state: unknown): Int32Array {
    if (state === null) return this.#none;
    this.#table ??= this.#newTable();
    return this.#table.merge(state);
  }

  /** Forgets all and gives back what was taken. */
  dispose(): void {
    this.#table = null;
    this.budget.take(-this.#held);
    this.#held = 0;
  }

  #newTable(): Groups {
    return newGroups(this.keys.length, (bytes) => {
      this.#held += bytes;
      this.budget.take(bytes);
    });
  }
}
