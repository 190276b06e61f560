/**
 * The runs of a server: how many at once, which are live, what the recent ones did.
 * @module
 */
import { RunError } from "../errors.ts";
import { startTimer } from "../flow/clock.ts";
import type { RunReport, StageEvent } from "./report.ts";
import { Run } from "./run.ts";
import type { RunInput } from "./run_input.ts";
import { cutForGood, shutdownMessage, type Stopping } from "./stopping.ts";
import { Totals } from "./totals.ts";

/** A place among the runs; given back by `start`'s run when it ends, or by `release` when none is started. */
export interface Place {
  start(input: RunInput): Run;
  /** Gives the place to a run that was made elsewhere. */
  hold(run: LiveRun): void;
  release(): void;
}

/** What is asked of every run. */
export interface LiveRun {
  readonly id: string;
  /** Resolves with the final figures; never rejects. */
  readonly ended: Promise<RunReport>;
  report(): RunReport;
  /** Calls `listener` for each event from now on; the function that is returned ends that. */
  listen(listener: (event: StageEvent) => void): () => void;
  cancel(error: RunError): void;
  /** Tells its client that the server begins to stop, wherever the answer can still say it. */
  stopping(how: Stopping): void;
}

/** Why there is no place: all are taken, or the server is stopping. */
export type Refusal = "full" | "stopping";

/** What places do, one for all of them. */
interface PlaceDoors {
  free(): void;
  start(input: RunInput, place: Place): Run;
  hold(run: LiveRun, place: Place): void;
}

class Reserved implements Place {
  #mine = true;

  constructor(readonly doors: PlaceDoors) {}

  start(input: RunInput): Run {
    return this.doors.start(input, this);
  }

  hold(run: LiveRun): void {
    this.doors.hold(run, this);
  }

  release(): void {
    if (this.#mine) this.doors.free();
    this.#mine = false;
  }
}

/**
 * Live and recent runs. Holds at most `maxRuns` live runs and the reports of `recent` ended ones, a few KiB each.
 */
export class Runs {
  readonly #live = new Map<string, LiveRun>();
  readonly #ended = new Map<string, RunReport>();
  readonly #totals = new Totals();
  #taken = 0;
  #stopping: Stopping | null = null;

  constructor(readonly maxRuns: number, readonly recent: number) {}

  /** Takes a place before the request is looked at further, so that the bound holds while runs are being prepared. */
  reserve(): Place | Refusal {
    if (this.#stopping !== null) return "stopping";
    if (this.#taken >= this.maxRuns) return "full";
    this.#taken++;
    return new Reserved(this.#doors);
  }

  readonly #doors: PlaceDoors = {
    free: () => void this.#taken--,
    start: (input, place) => {
      let started: Run | null = null;
      const run = new Run(input, (report) => this.#end(started, report, place));
      if (run.whole === null) this.#add(run);
      return started = run;
    },
    hold: (run, place) => {
      this.#add(run);
      void run.ended.then((report) => this.#end(run, report, place));
    },
  };

  #add(run: LiveRun): void {
    this.#live.set(run.id, run);
    // Its request had come before.
    if (this.#stopping !== null) run.stopping(this.#stopping);
  }

  /** `run` is null when it was over before anybody could ask for it. */
  #end(run: LiveRun | null, report: RunReport, place: Place): void {
    if (run !== null && this.#live.get(run.id) === run) this.#live.delete(run.id);
    place.release();
    this.#totals.add(report);
    this.#remember(report);
  }

  #remember(report: RunReport): void {
    if (this.recent === 0) return;
    this.#ended.delete(report.id);
    this.#ended.set(report.id, report);
    for (const id of this.#ended.keys()) {
      if (this.#ended.size <= this.recent) break;
      this.#ended.delete(id);
    }
  }

  /** Whether new runs are taken. */
  get ready(): boolean {
    return this.#stopping === null;
  }

  /** The figures of a live or recent run, or null. */
  report(id: string): RunReport | null {
    return this.#live.get(id)?.report() ?? this.#ended.get(id) ?? null;
  }

  /** All reports, live ones first, then the latest ended. */
  reports(): RunReport[] {
    return [
      ...[...this.#live.values()].map((run) => run.report()),
      ...[...this.#ended.values()].reverse(),
    ];
  }

  /** A live run, or null. */
  live(id: string): LiveRun | null {
    return this.#live.get(id) ?? null;
  }

  /** What all runs have done so far, those that are live included. */
  totals(): Totals {
    const totals = new Totals(this.#totals);
    for (const run of this.#live.values()) totals.add(run.report());
    return totals;
  }

  /** Cancels a live run; false when there is none of that id. */
  cancel(id: string): boolean {
    const run = this.#live.get(id);
    run?.cancel(new RunError("cancelled", `The run was cancelled by DELETE /v1/runs/${id}`));
    return run !== undefined;
  }

  /**
   * Takes no new runs, tells the live ones how the server stops, lets them end until the deadline, then cuts what is left.
   * Resolves when none is left.
   */
  async drain(how: Stopping): Promise<void> {
    this.#stopping = how;
    for (const run of this.#live.values()) run.stopping(how);
    const { deadlineMs } = how;
    const cut = () => this.cut(shutdownMessage(how));
    const spare = deadlineMs === null ? () => {} : startTimer(deadlineMs, cut);
    while (this.#live.size > 0) {
      await Promise.all([...this.#live.values()].map((run) => run.ended));
    }
    spare();
  }

  /** Ends all live runs with the error `shutdown`, told as `message`. */
  cut(message: string): void {
    for (const run of this.#live.values()) {
      run.cancel(run instanceof Run ? cutForGood(message) : new RunError("shutdown", message));
    }
  }
}
