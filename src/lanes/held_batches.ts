/**
 * A bounded queue that the operator itself holds, for edges whose bound changes or that drop rather than wait.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { type PackedBatch, packRows, unpackRows } from "../batch/packed_rows.ts";
import { RunError } from "../errors.ts";
import { NOTHING, type Operator, type Outputs, type StageContext } from "../stage.ts";
import type { Room } from "./room.ts";

/** What happens to rows for which there is no room. */
export type Overflow = "block" | "drop_newest" | "drop_oldest" | "fail";

/**
 * Rows that wait for the stage below. Takes them while nobody asks; what finds no room is dropped and counted, or ends
 * the run, or with `block` waits above. Rows that come while the stage below asks go on at once. Holds what `room` allows, declared
 * to the budget.
 */
export class HeldBatches implements Operator<Batch, Batch> {
  #queue: Batch[] = [];
  #rows = 0;
  #weight = 0;
  #most = 0;
  #dropped = 0;

  constructor(
    readonly overflow: Overflow,
    readonly room: Room,
    readonly context: Pick<StageContext, "budget" | "fact" | "notice" | "wake">,
  ) {}

  get full(): boolean {
    return this.overflow === "block" && this.#queue.length > 0 && this.#fits(1, 1) === 0;
  }

  push(batch: Batch): Outputs<Batch> {
    if (this.#queue.length === 0) return [batch];
    return [...this.#queue.splice(0).map((held) => this.#leave(held)), batch];
  }

  offer(batch: Batch): void {
    this.context.wake();
    if (this.overflow === "block") return this.#hold(batch);
    const fits = this.#fits(batch.length, batch.weight);
    if (fits === batch.length) return this.#hold(batch);
    if (this.overflow === "fail") throw this.#overflown(batch.length);
    if (this.overflow === "drop_newest") {
      this.#drop(batch.length - fits);
      if (fits > 0) this.#hold(batch.slice(0, fits));
      return;
    }
    this.#makeRoom(batch);
  }

  take(): Outputs<Batch> {
    const next = this.#queue.shift();
    if (next === undefined) return NOTHING;
    if (this.#queue.length > 0) this.context.wake();
    return [this.#leave(next)];
  }

  *finish(): Generator<Batch> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      yield this.#leave(next);
    }
  }

  save(): { readonly held: readonly PackedBatch[]; readonly dropped: number } {
    return { held: packRows(this.#queue), dropped: this.#dropped };
  }

  restore(state: unknown): void {
    const { held, dropped } = state as ReturnType<HeldBatches["save"]>;
    for (const batch of unpackRows(held)) this.#hold(batch);
    this.#dropped = dropped;
    if (held.length > 0) this.context.wake();
  }

  dispose(): void {
    this.#queue = [];
    this.context.budget.take(-this.#weight);
    this.#weight = 0;
  }

  /** The newest rows, as many as there may be; those before them are dropped. */
  #makeRoom(batch: Batch): void {
    const most = this.room.rowsOf({ batches: 0, rows: 0, weight: 0 }, batch.length, batch.weight);
    const kept = batch.slice(batch.length - most, batch.length);
    this.#drop(batch.length - kept.length);
    while (this.#queue.length > 0 && this.#fits(kept.length, kept.weight) < kept.length) {
      const lacking = kept.length - this.#fits(kept.length, kept.weight);
      const oldest = this.#leave(this.#queue.shift()!);
      const gone = Math.min(oldest.length, this.room.droppable(oldest, lacking));
      this.#drop(gone);
      if (gone === oldest.length) continue;
      const rest = oldest.slice(gone, oldest.length);
      this.#queue.unshift(rest);
      this.#count(rest, 1);
    }
    if (kept.length > 0) this.#hold(kept);
  }

  #fits(rows: number, weight: number): number {
    const held = { batches: this.#queue.length, rows: this.#rows, weight: this.#weight };
    return this.room.rowsOf(held, rows, weight);
  }

  #hold(batch: Batch): void {
    this.#queue.push(batch);
    this.#count(batch, 1);
    if (this.#rows <= this.#most) return;
    this.#most = this.#rows;
    this.context.fact("mostRowsHeld", this.#most, "level");
  }

  #leave(batch: Batch): Batch {
    this.#count(batch, -1);
    this.room.passed();
    return batch;
  }

  #count(batch: Batch, sign: 1 | -1): void {
    this.#rows += sign * batch.length;
    this.#weight += sign * batch.weight;
    this.context.budget.take(sign * batch.weight);
  }

  #drop(rows: number): void {
    if (rows === 0) return;
    this.#dropped += rows;
    this.context.fact("dropped", this.#dropped);
    this.context.notice("buffer", { dropped: this.#dropped });
  }

  #overflown(rows: number): RunError {
    return new RunError(
      "overflow",
      `Cannot hold ${rows} more rows in a buffer of ${this.room} that holds ${this.#rows}; ` +
        "give it more room, send slower, or choose another `overflow`",
    );
  }
}
