/**
 * A worker thread with the slices that it holds.
 * @module
 */
import { RunError } from "../errors.ts";
import type { Plan } from "../language/syntax.ts";
import type { Limits } from "../limits.ts";
import type { FromWorker, SliceResult, ToWorker } from "./messages.ts";
import { startThread, type Thread } from "./thread.ts";

/** A slice of whole lines in shared memory, so that it can be sent again when a thread dies. */
export interface Slice {
  readonly index: number;
  readonly bytes: SharedArrayBuffer;
  /** Where in `bytes` the slice begins. */
  readonly start: number;
  readonly length: number;
  readonly last: boolean;
}

/** What became of a slice. */
export type SliceAnswer = { readonly result: SliceResult } | { readonly fault: RunError };

/** A run's way to the threads. */
export interface Lane {
  /** Queues a slice; the answer comes once, in any order. */
  submit(slice: Slice): void;
  /** Forgets the run: nothing is answered any more, and the threads give its state back. */
  close(): void;
}

/** A slice on its way. */
export interface Job {
  readonly lane: OpenLane;
  readonly slice: Slice;
  /** How often it has come to nothing. */
  failures: number;
}

/** A run with slices, seen from inside the pool. */
export interface OpenLane {
  readonly run: number;
  readonly plan: Plan;
  readonly limits: Limits;
  readonly queue: Job[];
  closed: boolean;
  answer(slice: Slice, answer: SliceAnswer): void;
}

/** How long a thread may go on with a slice of a run that is over. */
const GRACE_MS = 1000;

/** What a thread of the pool tells. */
export interface PooledThreadEvents {
  ready(): void;
  answered(job: Job, message: Extract<FromWorker, { slice: number }>): void;
  /** At most once: it has died, or took too long. */
  gone(reason: string): void;
}

/** One thread. Its clock runs while it has slices, and starts again with each answer. */
export class PooledThread {
  /** What it was given and has not answered, in that order. */
  readonly jobs: Job[] = [];
  ready = false;
  readonly #thread: Thread;
  readonly #events: PooledThreadEvents;
  readonly #deadlineMs: number;
  readonly #open = new Set<OpenLane>();
  #clock: ReturnType<typeof setTimeout> | undefined;

  constructor(module: URL, deadlineMs: number, events: PooledThreadEvents) {
    this.#events = events;
    this.#deadlineMs = deadlineMs;
    this.#thread = startThread(module, {
      message: (data) => this.#take(data as FromWorker),
      gone: (reason) => this.#gone(reason),
    });
  }

  /** Sends a slice, and before the first of a run its plan. */
  give(job: Job): void {
    const { lane, slice } = job;
    if (!this.#open.has(lane)) {
      this.#open.add(lane);
      this.#post({ kind: "open", run: lane.run, plan: lane.plan, limits: lane.limits });
    }
    this.jobs.push(job);
    if (this.jobs.length === 1) this.#startClock();
    const { index, ...content } = slice;
    this.#post({ kind: "slice", run: lane.run, slice: index, ...content });
  }

  /**
   * Has the thread forget a run. The slices that it holds are answered still, most of them without work; one that it is
   * working on has {@link GRACE_MS} to end.
   */
  close(lane: OpenLane): void {
    if (!this.#open.delete(lane)) return;
    this.#post({ kind: "close", run: lane.run });
    if (this.jobs[0]?.lane === lane) this.#startClock(Math.min(this.#deadlineMs, GRACE_MS));
  }

  /** Ends the thread, which then tells nothing more. */
  stop(): void {
    clearTimeout(this.#clock);
    this.#thread.stop();
  }

  #post(message: ToWorker): void {
    this.#thread.post(message);
  }

  #take(message: FromWorker): void {
    if (message.kind === "ready") {
      this.ready = true;
      this.#events.ready();
      return;
    }
    const at = this.jobs.findIndex(({ lane, slice }) =>
      lane.run === message.run && slice.index === message.slice
    );
    if (at < 0) return;
    const [job] = this.jobs.splice(at, 1);
    clearTimeout(this.#clock);
    if (this.jobs.length > 0) this.#startClock();
    this.#events.answered(job!, message);
  }

  #startClock(milliseconds = this.#deadlineMs): void {
    clearTimeout(this.#clock);
    const late = () => {
      this.#thread.stop();
      this.#gone(`No answer to a slice within ${milliseconds} ms`);
    };
    this.#clock = setTimeout(late, milliseconds);
  }

  #gone(reason: string): void {
    clearTimeout(this.#clock);
    this.#events.gone(reason);
  }
}

/** What a slice is answered that no thread will take. */
export function noThreads(): RunError {
  return new RunError(
    "internal",
    "There is no worker thread that could take the slice, nor will there be",
  );
}

/** What a slice is answered on which two threads have ended. */
export function diedTwice(reason: string): RunError {
  return new RunError(
    "internal",
    `The worker thread of a slice ended before it answered, and so did its replacement: ${reason}`,
  );
}
