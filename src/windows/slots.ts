/**
 * The rows of one batch, sorted by the stretches of time that have their windows in common.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { OpenWindow } from "./open_windows.ts";
import { type RowList, RowLists } from "./row_list.ts";

/** The rows of one batch whose times are in `[start, end)`, a stretch that all of its windows have in common. */
export interface Slot {
  readonly start: number;
  readonly end: number;
  readonly rows: RowList;
  /** Those that are not over. */
  readonly windows: readonly OpenWindow[];
  /** Whether the oldest window of the slot is over already. */
  readonly late: boolean;
}

/** Rows of a batch, and the windows that get them. */
type Share = readonly [part: Batch, windows: readonly OpenWindow[]];

/**
 * Slots by their start. Each window gets its rows as they came: slot by slot where slots follow each other, else in one
 * part, merged by row number, which costs a sort of the window's rows. Holds 4 to 8 bytes a row of the batch.
 */
export class Slots {
  readonly #slots = new Map<number, Slot>();
  readonly #lists = new RowLists();
  /** Whether rows came to a slot, then to another one, and then to the first again. */
  #mixed = false;

  /** With `overlapping` windows, the rows of one may be in several slots. */
  constructor(readonly overlapping: boolean) {}

  /** The slot that starts there, if rows came to it; to be asked whenever the row before was in another one. */
  back(start: number): Slot | undefined {
    const slot = this.#slots.get(start);
    if (slot !== undefined) this.#mixed = this.overlapping;
    return slot;
  }

  add(slot: Omit<Slot, "rows">): Slot {
    const { start, end, windows, late } = slot;
    const added = { start, end, rows: this.#lists.take(), windows, late };
    this.#slots.set(start, added);
    return added;
  }

  /** What the windows get of `batch`. To be read to its end: then no slot is left. */
  *shares(batch: Batch): Generator<Share> {
    if (this.#mixed) yield* this.#merged(batch);
    for (const { rows, windows } of this.#slots.values()) {
      if (!this.#mixed) {
        yield [rows.length === batch.length ? batch : batch.select(rows.take()), windows];
      }
      this.#lists.give(rows);
    }
    this.#slots.clear();
    this.#mixed = false;
  }

  /** In the order of time; windows that have all their slots in common get the same part. */
  *#merged(batch: Batch): Generator<Share> {
    const byWindow = new Map<OpenWindow, Slot[]>();
    const inOrder = [...this.#slots.values()].sort((left, right) => left.start - right.start);
    for (const slot of inOrder) {
      for (const window of slot.windows) {
        const slots = byWindow.get(window);
        if (slots === undefined) byWindow.set(window, [slot]);
        else slots.push(slot);
      }
    }
    let before: readonly Slot[] = [];
    let windows: OpenWindow[] = [];
    for (const [window, slots] of byWindow) {
      // A window's slots stand together, so the first and the number of them tell which they are.
      if (slots[0] !== before[0] || slots.length !== before.length) {
        if (windows.length > 0) yield [mergedPart(batch, before), windows];
        windows = [];
        before = slots;
      }
      windows.push(window);
    }
    if (windows.length > 0) yield [mergedPart(batch, before), windows];
  }
}

/** The rows of all these slots, as they came: row numbers go up in a batch. */
function mergedPart(batch: Batch, slots: readonly Slot[]): Batch {
  const count = slots.reduce((sum, { rows }) => sum + rows.length, 0);
  if (count === batch.length) return batch;
  const merged = new Uint32Array(count);
  let at = 0;
  for (const { rows } of slots) {
    merged.set(rows.take(), at);
    at += rows.length;
  }
  return batch.select(merged.sort());
}
