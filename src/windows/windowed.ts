/**
 * Fixed windows of event time, tumbling or sliding: which rows they get, when they are over, what comes out.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { selectedRows } from "../expression/rows.ts";
import { collect, settled, type Steps, type Stepwise, stepwise } from "../pipeline/steps.ts";
import type { Operator, Outputs } from "../stage.ts";
import { type OpenWindow, OpenWindows, type SavedWindow } from "./open_windows.ts";
import { currentPane, finalPane, latePane, type Pane } from "./pane.ts";
import { joined } from "./joined.ts";
import type { WindowedOptions } from "./options.ts";
import { RowList } from "./row_list.ts";
import { type Slot, Slots } from "./slots.ts";

interface WindowedState {
  readonly seen: number | null;
  readonly leftOut: readonly [number, number];
  readonly open: readonly SavedWindow[];
}

/**
 * Each row goes to the windows that its time is in; what their nested pipelines give comes out when the watermark, the
 * latest time seen less the lateness, passes the window's end. Decided row by row, so the cuts of the upload make no
 * difference. A batch that falls into one window is handed on as it is. With `update` a window stays for another
 * lateness, and gives its rows again, once, when late ones came. Holds what the open windows hold.
 */
export class Windowed implements Operator<Batch, Batch> {
  readonly take?: () => Outputs<Batch> | Promise<Outputs<Batch>>;
  readonly #options: WindowedOptions;
  readonly #windows: OpenWindows;
  readonly #slots: Slots;
  readonly #lateRows = new RowList();
  /** How many windows, the first ones, have had their pane on time. */
  #fired = 0;
  #seen = -Infinity;
  /** The watermark at which a window fires or is closed next. */
  #next = Infinity;
  /** How long windows stay behind their end. */
  readonly #keepMs: number;
  #early: (() => void) | null = null;
  #earlyDue = false;

  constructor(options: WindowedOptions) {
    this.#options = options;
    this.#keepMs = options.late === "update" ? options.latenessMs : 0;
    this.#slots = new Slots(options.everyMs < options.lengthMs);
    this.#windows = new OpenWindows(options.lengthMs, options.make, options.budget);
    if (options.earlyMs !== null || this.#windows.wakes) {
      this.take = () => collect(joined(this.#takeAll()));
    }
    if (options.earlyMs !== null) this.#arm(options.earlyMs);
  }

  get #watermark(): number {
    return this.#seen - this.#options.latenessMs;
  }

  push(batch: Batch): Outputs<Batch> | Promise<Outputs<Batch>> {
    return collect(joined(this.#work(batch)));
  }

  finish(): Stepwise<Batch> {
    return stepwise(() => joined(this.#rest()));
  }

  *snapshot(): Generator<Batch> {
    for (const [index, window] of this.#windows.list.entries()) {
      const pane = this.#lastPane(index, window);
      if (pane !== null) yield* currentPane(window, pane);
    }
  }

  save(): WindowedState {
    const { leftOut } = this.#options;
    return {
      seen: Number.isFinite(this.#seen) ? this.#seen : null,
      leftOut: leftOut.save(),
      open: this.#windows.save(),
    };
  }

  restore(state: unknown): void {
    const { seen, leftOut, open } = state as WindowedState;
    this.#seen = seen ?? -Infinity;
    this.#options.leftOut.restore(leftOut);
    this.#windows.restore(open);
    this.#fired = this.#windows.list.filter(({ end }) => end <= this.#watermark).length;
    this.#plan();
  }

  dispose(): void {
    this.#early?.();
    this.#windows.dispose();
  }

  *#work(batch: Batch): Steps<Batch> {
    const rows = selectedRows(batch);
    const times = this.#options.timesOf(batch);
    for (let at = 0; at < rows.length;) {
      at = this.#scan(rows, times, at);
      yield* this.#hand(batch, times);
      while (this.#next <= this.#watermark) yield* this.#advance();
    }
    this.#options.leftOut.tell();
  }

  /** Sorts rows into slots, from the `from`-th on; stops behind the one that moves the watermark to the next event. */
  #scan(rows: Uint32Array, times: Float64Array, from: number): number {
    const { latenessMs, leftOut } = this.#options;
    let slot: Slot | null = null;
    for (let at = from; at < rows.length; at++) {
      const row = rows[at]!;
      const time = times[row]!;
      if (slot === null || !(time >= slot.start && time < slot.end)) {
        if (time !== time) {
          leftOut.untimed++;
          continue;
        }
        slot = this.#slotOf(time);
      }
      slot.rows.add(row);
      if (slot.late) this.#lateRows.add(row);
      if (time <= this.#seen) continue;
      this.#seen = time;
      if (time - latenessMs >= this.#next) return at + 1;
    }
    return rows.length;
  }

  /** The slot of a time, its windows opened. */
  #slotOf(time: number): Slot {
    const { everyMs, lengthMs } = this.#options;
    const start = Math.floor(time / everyMs) * everyMs;
    const known = this.#slots.back(start);
    if (known !== undefined) return known;
    const windows: OpenWindow[] = [];
    for (let at = start - lengthMs + everyMs; at <= start; at += everyMs) {
      if (at + lengthMs + this.#keepMs <= this.#watermark) continue;
      const { window, opened } = this.#windows.at(at);
      if (opened && window.end <= this.#watermark) this.#fired++;
      windows.push(window);
    }
    const late = windows[0]?.start !== start - lengthMs + everyMs;
    const slot = this.#slots.add({ start, end: start + everyMs, windows, late });
    this.#plan();
    return slot;
  }

  /** Hands the sorted rows to their windows, and passes late ones on. */
  *#hand(batch: Batch, times: Float64Array): Steps<Batch> {
    const { late, leftOut } = this.#options;
    leftOut.late += this.#lateRows.length;
    if (this.#lateRows.length > 0 && late === "emit") {
      yield latePane(batch.select(this.#lateRows.take()), times, this.#options);
    }
    this.#lateRows.clear();
    for (const [part, windows] of this.#slots.shares(batch)) {
      for (const window of windows) yield* this.#feed(window, part);
    }
  }

  *#feed(window: OpenWindow, batch: Batch): Steps<Batch> {
    window.changed = window.changedEarly = true;
    if (window.operator.done) return;
    for (const output of yield* settled(window.operator.push(batch))) window.kept.add(output);
  }

  /** Fires or closes the window whose turn it is. */
  *#advance(): Steps<Batch> {
    const oldest = this.#windows.list[0]!;
    const firing = this.#windows.list[this.#fired];
    const closes = this.#fired > 0 && oldest.end + this.#keepMs <= (firing?.end ?? Infinity);
    if (closes || this.#keepMs === 0) {
      const pane = this.#lastPane(0, oldest);
      if (closes) this.#fired--;
      if (pane !== null) yield* finalPane(oldest, pane);
      this.#windows.close(oldest);
    } else {
      firing!.changed = firing!.changedEarly = false;
      this.#fired++;
      yield* currentPane(firing!, "on_time");
    }
    this.#plan();
  }

  #plan(): void {
    const { list } = this.#windows;
    const fires = list[this.#fired]?.end ?? Infinity;
    this.#next = this.#fired > 0 ? Math.min(fires, list[0]!.end + this.#keepMs) : fires;
  }

  /** What the window at `index` still has to give; null when that was given. */
  #lastPane(index: number, window: OpenWindow): Pane | null {
    if (index >= this.#fired) return "on_time";
    return window.changed ? "late" : null;
  }

  *#rest(): Steps<Batch> {
    this.#early?.();
    for (let window; (window = this.#windows.list[0]) !== undefined;) {
      const pane = this.#lastPane(0, window);
      this.#fired = Math.max(0, this.#fired - 1);
      if (pane !== null) yield* finalPane(window, pane);
      this.#windows.close(window);
    }
  }

  #arm(earlyMs: number): void {
    this.#early = this.#options.clock.after(earlyMs, () => {
      this.#earlyDue = true;
      this.#options.wake();
    });
  }

  *#takeAll(): Steps<Batch> {
    const { earlyMs } = this.#options;
    for (const window of [...this.#windows.list]) {
      for (const output of yield* settled(window.operator.take?.() ?? [])) window.kept.add(output);
    }
    if (!this.#earlyDue || earlyMs === null) return;
    this.#earlyDue = false;
    for (const window of this.#windows.list.slice(this.#fired)) {
      if (!window.changedEarly) continue;
      window.changedEarly = false;
      yield* currentPane(window, "early");
    }
    this.#arm(earlyMs);
  }
}
