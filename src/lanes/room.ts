/**
 * How much a queue may hold: a fixed number of rows or bytes, or as many batches as the stage below makes worth while.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Bound } from "../language/syntax.ts";
import type { StageContext } from "../stage.ts";

/** What a queue holds. */
export interface Held {
  readonly batches: number;
  readonly rows: number;
  /** In bytes. */
  readonly weight: number;
}

/** A bound, and how it is applied. */
export interface Room {
  /** How many of `rows` rows that weigh `weight` together fit beside what is held. */
  rowsOf(held: Held, rows: number, weight: number): number;
  /** How many rows of `oldest` have to go so that `lacking` more find room. */
  droppable(oldest: Batch, lacking: number): number;
  /** A batch has left. */
  passed(): void;
  /** The bound, for people. */
  toString(): string;
}

/** A bound in rows, or in bytes, where each row weighs its share of its batch. */
export function fixedRoom(bound: Bound): Room {
  if ("rows" in bound) {
    return {
      rowsOf: (held, rows) => Math.min(rows, Math.max(0, bound.rows - held.rows)),
      droppable: (_oldest, lacking) => lacking,
      passed: () => {},
      toString: () => `${bound.rows} rows`,
    };
  }
  return {
    rowsOf: (held, rows, weight) => {
      const free = Math.max(0, bound.bytes - held.weight);
      return weight <= free ? rows : Math.floor(rows * free / weight);
    },
    droppable: (oldest) => oldest.length,
    passed: () => {},
    toString: () => `${bound.bytes} bytes`,
  };
}

const LEAST_BATCHES = 2;
const MOST_BATCHES = 64;
/** So many batches pass between two looks at the stage below. */
const LOOK_EVERY = 16;
/** Edges of this many times the default at most. */
const MOST_EDGES = 8;

/**
 * Room for 2 * p99 / median batches, by the times that the stage below takes for them: so many may arrive while it is
 * busy with a slow one. From 2 to 64, and at most eight times the bytes of an ordinary edge; looked at again every 16 batches.
 */
export class MeasuredRoom implements Room {
  #batches = LEAST_BATCHES;
  #sinceLook = 0;

  constructor(
    readonly context: Pick<StageContext, "below" | "fact" | "event">,
    readonly edgeBytes: number,
  ) {
    context.fact("bound", this.#batches, "level");
  }

  rowsOf(held: Held, rows: number, weight: number): number {
    const fits = held.batches < this.#batches &&
      (held.batches === 0 || held.weight + weight <= this.edgeBytes * MOST_EDGES);
    return fits ? rows : 0;
  }

  droppable(oldest: Batch): number {
    return oldest.length;
  }

  passed(): void {
    if (this.#sinceLook++ % LOOK_EVERY > 0) return;
    const figures = this.context.below();
    const medianMs = figures?.quantileMs(0.5) ?? null;
    const p99Ms = figures?.quantileMs(0.99) ?? null;
    if (medianMs === null || p99Ms === null) return;
    const wanted = Math.ceil(2 * p99Ms / medianMs);
    const batches = Math.min(MOST_BATCHES, Math.max(LEAST_BATCHES, wanted));
    if (batches === this.#batches) return;
    this.context.event("resized", { from: this.#batches, to: batches, p99Ms, medianMs });
    this.#batches = batches;
    this.context.fact("bound", batches, "level");
  }

  toString(): string {
    return `${this.#batches} batches`;
  }
}
