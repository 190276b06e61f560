/**
 * Sessions of event time: rows of one key until there is a gap.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { type Column, ConstantColumn, TimeColumn } from "../batch/column.ts";
import { type PackedBatch, packRows, unpackRows } from "../batch/packed_rows.ts";
import { selectedRows } from "../expression/rows.ts";
import {
  collect,
  settled,
  type Steps,
  stepsOf,
  type Stepwise,
  stepwise,
} from "../pipeline/steps.ts";
import type { Operator, Outputs } from "../stage.ts";
import { joined } from "./joined.ts";
import { OpenSessions, type Session, SESSION_BYTES } from "./open_sessions.ts";
import type { SessionsOptions } from "./options.ts";
import { stampOf } from "./pane.ts";
import { RowList } from "./row_list.ts";
import { RowPool, sorted } from "./row_pool.ts";
import { SessionKeys } from "./session_keys.ts";

interface SavedSession extends Pick<Session, "start" | "last" | "pane" | "changed" | "fired"> {
  readonly rows: readonly PackedBatch[];
  readonly times: Float64Array;
}

interface SessionsState {
  readonly seen: number | null;
  readonly leftOut: readonly [number, number];
  readonly keys: unknown;
  /** For each session, which of the keys is its own. */
  readonly keyOf: readonly number[];
  readonly sessions: readonly SavedSession[];
}

/**
 * Keeps the rows of each session until the watermark, the latest time seen less the lateness, passes the gap behind its
 * last row; then they go through a fresh nested pipeline in the order of time, and what that gives comes out. Decided row
 * by row, so the cuts of the upload make no difference. Holds the rows of open sessions.
 */
export class Sessions implements Operator<Batch, Batch> {
  readonly #options: SessionsOptions;
  readonly #open: OpenSessions;
  readonly #pool: RowPool;
  readonly #keys: SessionKeys;
  readonly #lateRows = new RowList();
  #spare: Operator<Batch, Batch> | null;
  #declared = 0;
  #seen = -Infinity;

  constructor(options: SessionsOptions) {
    this.#options = options;
    const keepMs = options.late === "update" ? options.latenessMs : 0;
    this.#open = new OpenSessions({ gapMs: options.gapMs, keepMs });
    this.#pool = new RowPool(options.budget);
    this.#keys = new SessionKeys(options.keys.map(({ evaluate }) => evaluate), options.budget);
    this.#spare = options.make();
  }

  push(batch: Batch): Outputs<Batch> | Promise<Outputs<Batch>> {
    return collect(joined(this.#work(batch)));
  }

  finish(): Stepwise<Batch> {
    return stepwise(() => joined(this.#rest()));
  }

  *snapshot(): Generator<Batch> {
    for (const session of this.#open.inOrder()) {
      const show = () => this.#shown(session, this.#options.make(false));
      if (session.changed) yield* stepwise(show);
    }
  }

  save(): SessionsState {
    const groups = this.#open.usedGroups();
    const places = new Map(groups.map((group, index) => [group, index]));
    const sessions = this.#open.inOrder();
    return {
      seen: Number.isFinite(this.#seen) ? this.#seen : null,
      leftOut: this.#options.leftOut.save(),
      keys: this.#keys.save(groups),
      keyOf: sessions.map(({ group }) => places.get(group)!),
      sessions: sessions.map(({ start, last, pane, changed, fired, rows }) => ({
        start,
        last,
        pane,
        changed,
        fired,
        rows: packRows(this.#pool.inOrder(rows)),
        times: Float64Array.from(sorted(rows), ({ time }) => time),
      })),
    };
  }

  restore(state: unknown): void {
    const { seen, leftOut, keys, keyOf, sessions } = state as SessionsState;
    this.#seen = seen ?? -Infinity;
    this.#options.leftOut.restore(leftOut);
    const groups = this.#keys.restore(keys);
    sessions.forEach(({ rows, times, ...session }, index) => {
      const kept = this.#open.add({ ...session, group: groups[keyOf[index]!]!, rows: [] });
      let at = 0;
      for (const batch of unpackRows(rows)) {
        const opened = this.#pool.open(batch);
        for (let row = 0; row < batch.rows; row++) {
          kept.rows.push(this.#pool.keep(opened, row, times[at++]!));
        }
      }
    });
    this.#declare();
  }

  dispose(): void {
    this.#spare?.dispose?.();
    this.#spare = null;
    for (const session of this.#open.inOrder()) this.#open.remove(session);
    this.#pool.clear();
    this.#keys.dispose();
    this.#declare();
  }

  *#work(batch: Batch): Steps<Batch> {
    const { latenessMs, timesOf, leftOut } = this.#options;
    const rows = selectedRows(batch);
    const times = timesOf(batch);
    const groups = this.#keys.assign(batch, rows);
    const opened = this.#pool.open(batch);
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index]!;
      const time = times[row]!;
      if (time !== time) {
        leftOut.untimed++;
        continue;
      }
      const session = this.#open.at(groups[index]!, time, this.#seen - latenessMs);
      if (session === null) this.#lateRows.add(row);
      else session.rows.push(this.#pool.keep(opened, row, time));
      if (time > this.#seen) this.#seen = time;
      if (this.#open.next > this.#seen - latenessMs) continue;
      yield* this.#passLate(batch, times);
      yield* this.#advance();
    }
    yield* this.#passLate(batch, times);
    this.#tidy();
  }

  *#advance(): Steps<Batch> {
    const { late, latenessMs } = this.#options;
    for (;;) {
      const session = this.#open.due(this.#seen - latenessMs);
      if (session === null) return;
      if (session.changed) yield* this.#shown(session, this.#instance());
      if (session.fired || late !== "update") this.#remove(session);
      else this.#open.keep(session);
    }
  }

  *#rest(): Steps<Batch> {
    for (const session of this.#open.inOrder()) {
      if (session.changed) yield* this.#shown(session, this.#instance());
      this.#remove(session);
    }
    this.#declare();
  }

  /** The session's rows through `operator`, which is disposed of. */
  *#shown(session: Session, operator: Operator<Batch, Batch>): Steps<Batch> {
    const { keys } = this.#options;
    const values = this.#keys.values(session.group);
    const stamp = stampOf({
      ...Object.fromEntries(keys.map(({ name }, index) => [name, values[index] ?? null])),
      session_start: new Date(session.start),
      session_end: new Date(session.last),
      pane: session.pane,
    });
    try {
      for (const batch of this.#pool.inOrder(session.rows)) {
        if (operator.done) break;
        for (const output of yield* settled(operator.push(batch))) yield output.withLast(stamp);
      }
      for (const step of stepsOf(operator.finish?.() ?? [])) {
        yield step instanceof Promise ? step : step.withLast(stamp);
      }
    } finally {
      operator.dispose?.();
    }
  }

  #instance(): Operator<Batch, Batch> {
    const instance = this.#spare ?? this.#options.make();
    this.#spare = null;
    return instance;
  }

  #remove(session: Session): void {
    this.#pool.release(session.rows);
    this.#open.remove(session);
  }

  /** Late rows as they came, each a session of its own that is over. */
  *#passLate(batch: Batch, times: Float64Array): Steps<Batch> {
    const { late, leftOut, keys } = this.#options;
    if (this.#lateRows.length === 0) return;
    leftOut.late += this.#lateRows.length;
    const rows = batch.select(this.#lateRows.take());
    this.#lateRows.clear();
    if (late !== "emit") return;
    const own = new TimeColumn(times);
    yield rows.withLast(
      new Map<string, Column>([
        ...keys.map(({ name, evaluate }) => [name, evaluate(rows)] as const),
        ["session_start", own],
        ["session_end", own],
        ["pane", new ConstantColumn("late")],
      ]),
    );
  }

  #tidy(): void {
    this.#pool.settle();
    if (this.#keys.crowded(this.#open.groups)) {
      this.#open.renumber(this.#keys.keepOnly(this.#open.usedGroups()));
    }
    this.#declare();
    this.#options.leftOut.tell();
  }

  #declare(): void {
    const bytes = SESSION_BYTES * this.#open.count;
    this.#options.budget.take(bytes - this.#declared);
    this.#declared = bytes;
  }
}
