/**
 * Which sessions are open: found by key and time, grown and merged row by row.
 * @module
 */
import { DueQueue } from "./due_queue.ts";
import type { Pane } from "./pane.ts";
import type { RowHandle } from "./row_pool.ts";

/** Rows of one key, none of them further than the gap from the next. Times in milliseconds since 1970. */
export interface Session {
  /** The key's number; another one after keys were forgotten. */
  group: number;
  /** The time of the first and the last row. */
  start: number;
  last: number;
  rows: RowHandle[];
  /** Its place among those that end at the same time. */
  readonly order: number;
  /** What its next pane is: `late` once it had one, or when it began behind the watermark. */
  pane: Exclude<Pane, "early">;
  /** Whether rows came since its last pane. */
  changed: boolean;
  /** Whether the watermark has passed its end, and its rows stay for late ones. */
  fired: boolean;
  gone: boolean;
  /** The time under which it stands in the queue; an entry of another time is stale. */
  queued: number;
}

/** Declared for each session besides its rows. */
export const SESSION_BYTES = 240;

/** How sessions are cut. */
export interface SessionBounds {
  readonly gapMs: number;
  /** How long a session stays behind its end. */
  readonly keepMs: number;
}

/** The sessions of all keys. A row costs a look at those of its key, of which there are few, and O(log n) at times. */
export class OpenSessions {
  readonly #queue = new DueQueue<Session>();
  #byGroup = new Map<number, Session[]>();
  #order = 0;
  count = 0;

  constructor(readonly bounds: SessionBounds) {}

  /** How many keys have a session. */
  get groups(): number {
    return this.#byGroup.size;
  }

  /** A watermark below this makes nothing due. */
  get next(): number {
    return this.#queue.next;
  }

  /**
   * The session that a row of this time belongs to, grown by it; those that the row bridges become one. Null when there
   * is none and the row is too late to begin one.
   */
  at(group: number, time: number, watermark: number): Session | null {
    const { gapMs, keepMs } = this.bounds;
    const known = this.#byGroup.get(group);
    const near = known?.filter(({ start, last }) => start < time + gapMs && time < last + gapMs);
    if (near === undefined || near.length === 0) {
      if (time + gapMs + keepMs <= watermark) return null;
      return this.#begin(group, time, watermark);
    }
    const [session, ...others] = near;
    for (const other of others) this.#merge(session!, other);
    session!.start = Math.min(session!.start, time);
    session!.last = Math.max(session!.last, time);
    session!.fired = this.endOf(session!) <= watermark;
    session!.changed = true;
    if (this.#dueOf(session!) < session!.queued) this.#enqueue(session!);
    return session!;
  }

  /** When the session is over if no more rows come. */
  endOf(session: Session): number {
    return session.last + this.bounds.gapMs;
  }

  /** The next session to fire or to remove at this watermark, in the order of time; null when there is none. */
  due(watermark: number): Session | null {
    while (this.#queue.next <= watermark) {
      const { at, item } = this.#queue.pop()!;
      if (item.gone || item.queued !== at) continue;
      if (this.#dueOf(item) <= at) return item;
      this.#enqueue(item);
    }
    return null;
  }

  /** Keeps a session behind its end, for late rows. */
  keep(session: Session): void {
    session.fired = true;
    session.changed = false;
    session.pane = "late";
    this.#enqueue(session);
  }

  remove(session: Session): void {
    session.gone = true;
    this.count--;
    const others = this.#byGroup.get(session.group)!.filter((other) => other !== session);
    if (others.length > 0) this.#byGroup.set(session.group, others);
    else this.#byGroup.delete(session.group);
  }

  /** All sessions, those first that are due first. */
  inOrder(): Session[] {
    return [...this.#byGroup.values()].flat().sort((left, right) =>
      this.#dueOf(left) - this.#dueOf(right) || left.order - right.order
    );
  }

  /** The numbers of the keys in use. */
  usedGroups(): number[] {
    return [...this.#byGroup.keys()];
  }

  /** Gives the keys, in the order of {@link OpenSessions.usedGroups}, other numbers. */
  renumber(numbers: Int32Array): void {
    const lists = [...this.#byGroup.values()];
    this.#byGroup = new Map(lists.map((list, index) => {
      for (const session of list) session.group = numbers[index]!;
      return [numbers[index]!, list];
    }));
  }

  /** Takes a session in that is not among these. */
  add(session: Omit<Session, "order" | "gone" | "queued">): Session {
    const added = { ...session, order: this.#order++, gone: false, queued: 0 };
    const known = this.#byGroup.get(session.group);
    if (known === undefined) this.#byGroup.set(session.group, [added]);
    else known.push(added);
    this.count++;
    this.#enqueue(added);
    return added;
  }

  #begin(group: number, time: number, watermark: number): Session {
    const fired = time + this.bounds.gapMs <= watermark;
    const pane = fired ? "late" : "on_time";
    return this.add({ group, start: time, last: time, rows: [], pane, changed: true, fired });
  }

  #merge(into: Session, other: Session): void {
    // Rows are pushed from the shorter list to the longer one, so merging costs O(log n) a row in all.
    const [longer, shorter] = into.rows.length < other.rows.length
      ? [other.rows, into.rows]
      : [into.rows, other.rows];
    for (const row of shorter) longer.push(row);
    into.rows = longer;
    into.start = Math.min(into.start, other.start);
    into.last = Math.max(into.last, other.last);
    if (other.pane === "late") into.pane = "late";
    this.remove(other);
  }

  #dueOf(session: Session): number {
    return this.endOf(session) + (session.fired ? this.bounds.keepMs : 0);
  }

  #enqueue(session: Session): void {
    session.queued = this.#dueOf(session);
    this.#queue.push({ at: session.queued, order: session.order, item: session });
  }
}
