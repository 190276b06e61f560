/**
 * The pool of worker threads: which slice goes to which thread, and what happens when one of them dies.
 * @module
 */
import { RunError } from "../errors.ts";
import type { Plan } from "../language/syntax.ts";
import type { Limits } from "../limits.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { Company } from "./company.ts";
import type { SliceFault } from "./messages.ts";
import {
  diedTwice,
  type Job,
  type Lane,
  noThreads,
  type OpenLane,
  PooledThread,
} from "./pooled_thread.ts";

export type { Lane, Slice, SliceAnswer } from "./pooled_thread.ts";

/** What a pool is made with. */
export interface WorkerPoolOptions {
  /** The most threads. */
  readonly size: number;
  /** The module of a thread, which calls `serveSlices`. */
  readonly module: URL;
  /** The words that the module brings; plans of others are not for these threads. */
  readonly vocabulary: Vocabulary;
  /**
   * Whether a run is handed over whenever there is a thread for it. Else it is while it keeps others waiting: for threads
   * that have no core to themselves.
   */
  readonly eager: boolean;
  /** Milliseconds without a run that is handed over, after which the threads end. */
  readonly idleMs?: number;
  /** Milliseconds after which a thread that works on one slice is taken for dead. */
  readonly sliceDeadlineMs?: number;
  /** Told when a thread is replaced, and why. */
  log(line: string): void;
}

/** So many runs for each thread may be handed over at once; more stay on the request thread. */
const RUNS_PER_THREAD = 4;
/** Slices that a thread holds: one in work, one to go on with. */
const SLICES_AHEAD = 2;
/** A slice that comes to nothing so often fails its run. */
const MOST_FAILURES = 2;
/** Threads that end before they are ready, one after the other, until no more are started. */
const MOST_FALSE_STARTS = 3;
const SLICE_DEADLINE_MS = 30_000;
const IDLE_MS = 60_000;

/**
 * Threads are started when {@link WorkerPool.wake} asks for them, and end when no run has been handed over for a minute, or
 * by {@link WorkerPool.stop}. Runs take turns, slice by slice. A thread that dies, or takes too long over a slice, is replaced; its slices are run again,
 * and a slice that has come to nothing twice fails its run. Holds no slices but those that were submitted.
 */
export class WorkerPool {
  readonly options: WorkerPoolOptions;
  /** All runs of the server, handed over or not. */
  readonly company = new Company();
  readonly #threads = new Set<PooledThread>();
  /** Lanes that have something queued, the next one first. */
  #waiting: OpenLane[] = [];
  #lastRun = 0;
  #open = 0;
  #falseStarts = 0;
  #stopped = false;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #news = Promise.withResolvers<void>();

  constructor(options: WorkerPoolOptions) {
    this.options = options;
  }

  /** How many threads there may be. */
  get size(): number {
    return this.options.size;
  }

  /** Whether there is a thread to take slices, and room for one more run: each holds slices of its own. */
  get ready(): boolean {
    return this.#open < RUNS_PER_THREAD * this.size &&
      [...this.#threads].some((thread) => thread.ready);
  }

  /** Starts the threads that are missing, without waiting for them. */
  wake(): void {
    if (this.#stopped) return;
    while (this.#threads.size < this.size && this.#falseStarts < MOST_FALSE_STARTS) {
      this.#threads.add(this.#newThread());
    }
    this.#endWhenIdle();
  }

  /** Starts the threads and resolves when all are ready; false when they cannot be. */
  async started(): Promise<boolean> {
    this.wake();
    const allReady = () =>
      this.#threads.size === this.size && [...this.#threads].every((thread) => thread.ready);
    while (!allReady() && !this.#stopped && this.#threads.size > 0) await this.#news.promise;
    return allReady();
  }

  /** Takes a run whose map segment, its aggregate last, is `plan`. */
  open(plan: Plan, limits: Limits, answer: OpenLane["answer"]): Lane {
    const lane: OpenLane = {
      run: ++this.#lastRun,
      plan,
      limits,
      queue: [],
      closed: false,
      answer: (slice, what) => {
        if (!lane.closed) answer(slice, what);
      },
    };
    this.#open++;
    clearTimeout(this.#idle);
    this.#idle = undefined;
    return {
      submit: (slice) => {
        lane.queue.push({ lane, slice, failures: 0 });
        if (lane.queue.length === 1) this.#waiting.push(lane);
        this.wake();
        this.#pump();
        if (this.#threads.size === 0) this.#failAll(noThreads());
      },
      close: () => {
        if (lane.closed) return;
        lane.closed = true;
        this.#open--;
        this.#endWhenIdle();
        lane.queue.length = 0;
        this.#waiting = this.#waiting.filter((other) => other !== lane);
        for (const thread of this.#threads) thread.close(lane);
      },
    };
  }

  /** Ends every thread at once. What is still queued is answered with `shutdown`. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#idle);
    this.#endThreads();
    this.#failAll(new RunError("shutdown", "The worker threads have been stopped"));
  }

  #endThreads(): void {
    for (const thread of this.#threads) {
      thread.stop();
      for (const job of thread.jobs.splice(0)) this.#requeue(job);
    }
    this.#threads.clear();
    this.#tell();
  }

  #endWhenIdle(): void {
    if (this.#stopped || this.#open > 0 || this.#threads.size === 0) return;
    this.#idle ??= setTimeout(() => {
      this.#idle = undefined;
      // One that is still starting has been asked for just now.
      if (![...this.#threads].every((thread) => thread.ready)) return this.#endWhenIdle();
      this.#endThreads();
    }, this.options.idleMs ?? IDLE_MS);
  }

  #newThread(): PooledThread {
    const { module, sliceDeadlineMs = SLICE_DEADLINE_MS } = this.options;
    const thread: PooledThread = new PooledThread(module, sliceDeadlineMs, {
      ready: () => {
        this.#falseStarts = 0;
        this.#tell();
        this.#pump();
      },
      gone: (reason) => this.#replace(thread, reason),
      answered: (job, message) => {
        if (message.kind === "result") job.lane.answer(job.slice, { result: message.result });
        else this.#failed(job, message.fault);
        this.#pump();
      },
    });
    return thread;
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  /** Gives slices to the threads, evenly. */
  #pump(): void {
    while (this.#waiting.length > 0) {
      const free = [...this.#threads]
        .filter((thread) => thread.ready && thread.jobs.length < SLICES_AHEAD)
        .reduce<PooledThread | null>(
          (least, next) => least === null || next.jobs.length < least.jobs.length ? next : least,
          null,
        );
      if (free === null) return;
      const lane = this.#waiting.shift()!;
      const job = lane.queue.shift()!;
      if (lane.queue.length > 0) this.#waiting.push(lane);
      free.give(job);
    }
  }

  #requeue(job: Job): void {
    const { lane } = job;
    if (lane.closed) return;
    lane.queue.unshift(job);
    if (!this.#waiting.includes(lane)) this.#waiting.unshift(lane);
  }

  /** What was thrown as a RunError is the run's own end; anything else gets a second chance. */
  #failed(job: Job, { code, message, details }: SliceFault): void {
    if (code !== null) {
      job.lane.answer(job.slice, { fault: new RunError(code, message, details) });
    } else if (++job.failures < MOST_FAILURES) this.#requeue(job);
    else {
      const cause = new Error(message);
      const fault = new RunError("internal", `Stage failed: ${message}`, {}, { cause });
      job.lane.answer(job.slice, { fault });
    }
  }

  #replace(thread: PooledThread, reason: string): void {
    this.#threads.delete(thread);
    this.options.log(`Worker thread replaced: ${reason}`);
    if (!thread.ready) this.#falseStarts++;
    // The first is the one that was worked on.
    const [first, ...others] = thread.jobs.splice(0);
    for (const job of others.reverse()) this.#requeue(job);
    if (first !== undefined) {
      if (++first.failures < MOST_FAILURES) this.#requeue(first);
      else first.lane.answer(first.slice, { fault: diedTwice(reason) });
    }
    this.wake();
    if (this.#threads.size === 0) this.#failAll(diedTwice(reason));
    this.#tell();
    this.#pump();
  }

  /** Answers all that is queued, for no thread ever will. */
  #failAll(fault: RunError): void {
    for (const lane of this.#waiting.splice(0)) {
      for (const { slice } of lane.queue.splice(0)) lane.answer(slice, { fault });
    }
  }
}
