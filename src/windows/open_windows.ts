/**
 * The windows that are open: in the order of time, each with its own instance of the nested pipeline.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { KeptRows } from "../batch/kept_rows.ts";
import { type PackedBatch, packRows, unpackRows } from "../batch/packed_rows.ts";
import { RunError } from "../errors.ts";
import { restoreOperator } from "../pipeline/chain.ts";
import type { Budget, Operator } from "../stage.ts";

/** A window `[start, end)` in milliseconds since 1970, and what it has so far. */
export interface OpenWindow {
  readonly start: number;
  readonly end: number;
  readonly operator: Operator<Batch, Batch>;
  /** What the nested pipeline gave already; it comes out with the window. */
  readonly kept: KeptRows;
  /** Whether rows came since the last pane that was no early one. */
  changed: boolean;
  /** Whether rows came since the last early pane. */
  changedEarly: boolean;
}

/** A window as data. */
export interface SavedWindow {
  readonly start: number;
  readonly changed: boolean;
  readonly kept: readonly PackedBatch[];
  readonly state: unknown;
}

/** No more windows than this are open at once. */
export const MOST_WINDOWS = 10_000;

/** Windows of one length, sorted by their start. Disposing of one gives back what it took of the budget. */
export class OpenWindows {
  readonly list: OpenWindow[] = [];
  /** Made ahead for the next window. */
  #spare: Operator<Batch, Batch> | null;

  constructor(
    readonly lengthMs: number,
    readonly make: () => Operator<Batch, Batch>,
    readonly budget: Budget,
  ) {
    this.#spare = make();
  }

  /** Whether the nested pipeline gives output of its own accord. */
  get wakes(): boolean {
    return this.#spare?.take !== undefined;
  }

  /** The window that starts there, opened when it is not. Throws RunError when there are too many. */
  at(start: number): { readonly window: OpenWindow; readonly opened: boolean } {
    let index = this.list.length;
    while (index > 0 && this.list[index - 1]!.start > start) index--;
    const known = this.list[index - 1];
    if (known?.start === start) return { window: known, opened: false };
    if (this.list.length === MOST_WINDOWS) throw tooMany();
    const window = {
      start,
      end: start + this.lengthMs,
      operator: this.#spare ?? this.make(),
      kept: new KeptRows(this.budget),
      changed: false,
      changedEarly: false,
    };
    this.#spare = null;
    this.list.splice(index, 0, window);
    return { window, opened: true };
  }

  /** Closes a window and frees what it holds. */
  close(window: OpenWindow): void {
    this.list.splice(this.list.indexOf(window), 1);
    window.kept.clear();
    window.operator.dispose?.();
  }

  /** Closes all. */
  dispose(): void {
    this.#spare?.dispose?.();
    this.#spare = null;
    while (this.list.length > 0) this.close(this.list.at(-1)!);
  }

  save(): readonly SavedWindow[] {
    return this.list.map(({ start, changed, kept, operator }) => ({
      start,
      changed,
      kept: packRows(kept.batches),
      state: operator.save?.() ?? null,
    }));
  }

  restore(saved: readonly SavedWindow[]): void {
    for (const { start, changed, kept, state } of saved) {
      const { window } = this.at(start);
      window.changed = changed;
      window.changedEarly = changed;
      for (const batch of unpackRows(kept)) window.kept.add(batch);
      restoreOperator(window.operator, state);
    }
  }
}

function tooMany(): RunError {
  return new RunError(
    "budget_exceeded",
    `More than ${MOST_WINDOWS} windows are open at once; give a smaller lateness, or larger windows`,
    { limit: MOST_WINDOWS },
  );
}
