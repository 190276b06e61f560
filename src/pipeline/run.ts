/**
 * A run: one execution of a plan over one upload, from the first byte to the last result line.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { clientGone, type RunError, toRunError } from "../errors.ts";
import { assembleFor } from "../workers/hand_over.ts";
import { disposeAll } from "./chain.ts";
import type { Assembly } from "./assemble.ts";
import { EventLog } from "./event_log.ts";
import { type Envelope, ENVELOPES } from "./envelope.ts";
import { move } from "./move.ts";
import { neverIdle } from "./idle.ts";
import { LazyAbort } from "./lazy_abort.ts";
import { Notices } from "./notices.ts";
import { Outbox } from "./outbox.ts";
import { Rejects } from "./rejects.ts";
import { blockedBy, bottleneckOf, instantNow } from "./report.ts";
import type { RunReport, RunState, StageEvent } from "./report.ts";
import type { RunInput } from "./run_input.ts";
import { servicesOf } from "./run_services.ts";
import { shutdownNotice, type Stopping } from "./stopping.ts";
import { Snapshots } from "./snapshot.ts";
import { Watch } from "./watch.ts";

/**
 * One run. Starts at once; its results are read from {@link Run.results}, at the reader's pace, which is what moves the
 * upload. Holds the queues between stages, the stages' declared state, and an outbox of at most a few hundred KiB.
 */
export class Run {
  readonly id: string;
  /** All results, when all were there, and few, before the constructor returned: {@link Run.results} has none then. Else null. */
  readonly whole: Uint8Array | null;
  /**
   * Resolves with the final figures when nothing of the run is left: no stream, timer or stage. So it is before the constructor
   * returns where {@link Run.whole} is given. Never rejects.
   */
  readonly ended: Promise<RunReport>;

  readonly #input: RunInput;
  readonly #envelope: Envelope;
  readonly #abort = new LazyAbort();
  readonly #outbox: Outbox;
  readonly #rejects: Rejects;
  readonly #notices = new Notices();
  readonly #assembly: Assembly;
  readonly #startedAt = instantNow();
  readonly #started = performance.now();
  #watch: Watch | null = null;
  readonly #snapshots: Snapshots | null;
  #closed: (() => void) | null = null;
  readonly #onEnd: ((report: RunReport) => void) | undefined;
  readonly #events: EventLog;
  #state: RunState = "running";
  #error: RunError | null = null;
  #durationMs: number | null = null;
  #rows = 0;

  /** `onEnd` is called like, and before, that of the input. */
  constructor(input: RunInput, onEnd?: (report: RunReport) => void) {
    this.#input = input;
    this.#onEnd = onEnd;
    this.id = input.id;
    this.#events = new EventLog(input.onEvent, this.#started);
    this.#envelope = ENVELOPES[input.options.envelope];
    this.#outbox = new Outbox(
      () => this.#watch?.touch(),
      (reason) => this.cancel(clientGone(reason)),
      () => this.#closed?.(),
    );
    this.#rejects = new Rejects(
      input.options.onReject,
      input.options.maxRejects,
      (reject) => this.#outbox.add(this.#envelope.reject(reject)),
    );
    const services = servicesOf(input, {
      abort: this.#abort,
      rejects: this.#rejects,
      notices: this.#notices,
      events: this.#events,
    });
    this.#assembly = assembleFor(input, services, {
      inputEnded: () => this.#rejects.close(),
      fail: (fault) => this.#fail(fault),
      progressed: () => this.#watch?.touch(),
    });
    this.#snapshots = input.options.everyMs === null
      ? null
      : new Snapshots(this.#assembly.stages, services, this.#envelope);
    this.#outbox.add(this.#envelope.start({
      id: this.id,
      pipeline: input.pipeline,
      name: input.name,
      startedAt: this.#startedAt,
    }));
    const moving = this.#move();
    if (moving === undefined) this.#settle();
    this.whole = this.#state === "complete" ? this.#outbox.takeAll() : null;
    if (this.whole === null) this.#watch = this.#makeWatch();
    this.ended = this.whole === null ? this.#work(moving) : Promise.resolve(this.#end());
  }

  /** NDJSON in the chosen envelope. Ends properly only when complete; a failed run's errors after its error line. */
  get results(): ReadableStream<Uint8Array> {
    return this.#outbox.readable;
  }

  /** The figures now. */
  report(): RunReport {
    const stages = this.#assembly.probes.map((probe) => probe.report());
    const { pipeline, name, figures: { wireBytes, bytes } } = this.#input;
    return {
      id: this.id,
      state: this.#state,
      error: this.#error,
      pipeline,
      name,
      startedAt: this.#startedAt,
      durationMs: this.#durationMs ?? Math.round(performance.now() - this.#started),
      wireBytes,
      bytes,
      lines: this.#rejects.lines,
      rows: this.#rows,
      rejects: this.#rejects.count,
      rejectsByClass: this.#rejects.byClass,
      bottleneck: bottleneckOf(stages),
      stages,
      events: this.#events.all(),
    };
  }

  /** Calls `listener` for each event from now on; the function that is returned ends that. */
  listen(listener: (event: StageEvent) => void): () => void {
    return this.#events.listen(listener);
  }

  /** Ends the run with `error`, from whatever side: the upload is cancelled, the error line written, the body cut. */
  cancel(error: RunError): void {
    if (this.#error !== null) return;
    this.#error = error;
    this.#state = "failed";
    this.#abort.abort(error);
    this.#outbox.fail(error, this.#envelope.error(error));
  }

  /** Adds the notice to an answer that is under way; a complete one that waits for its reader needs none. */
  stopping(how: Stopping): void {
    this.#outbox.add(this.#envelope.notice({ ...shutdownNotice(how, null) }));
  }

  async #work(moving: Promise<void> | undefined): Promise<RunReport> {
    const closed = new Promise<void>((resolve) => this.#closed = resolve);
    if (moving !== undefined) {
      await moving;
      this.#settle();
    }
    // A complete result may still be waiting for a reader that never comes: the stall timer stays until it is over.
    await closed;
    this.#watch?.stop();
    return this.#end();
  }

  #end(): RunReport {
    this.#durationMs ??= Math.round(performance.now() - this.#started);
    const report = this.report();
    this.#onEnd?.(report);
    this.#input.onEnd?.(report);
    return report;
  }

  #move(): Promise<void> | undefined {
    const { body, options, resources } = this.#input;
    return move(this.#assembly.stages, neverIdle(body, options.idleMs, resources.clock), {
      abort: this.#abort,
      settle: (unheld) => {
        this.#watch?.touch();
        // Rejects that are emitted go to the outbox from any stage, and must not swell it.
        return unheld && this.#input.options.onReject !== "emit" ? undefined : this.#outbox.room();
      },
      write: (batch) => this.#write(batch),
      afterFirst: () => this.#rejects.close(),
      fail: (fault) => this.#fail(fault),
    });
  }

  /** Gives back what the stages hold, and says how the run went. */
  #settle(): void {
    for (const probe of this.#assembly.probes) probe.close(performance.now());
    try {
      disposeAll(this.#assembly.stages.map((stage) => stage.operator));
      this.#rejects.settle();
    } catch (fault) {
      this.#fail(fault);
    }
    if (this.#error === null) this.#complete();
  }

  #makeWatch(): Watch {
    return new Watch({
      ...this.#input.options,
      firstResultMs: this.#rows > 0 ? undefined : this.#input.options.firstResultMs,
      clock: this.#input.resources.clock,
      stallMs: this.#input.limits.stallTimeoutMs,
      blockedMs: this.#input.limits.blockedLimitMs,
      blocked: (forMs) => this.#tellBlocked(forMs),
      tick: () => this.#tick(),
      expire: (error) => this.cancel(error),
    });
  }

  #write(batch: Batch): Promise<void> | undefined {
    this.#rows += batch.length;
    if (batch.length > 0) this.#watch?.given();
    const set = this.#snapshots?.numbered ? this.#snapshots.set : null;
    return this.#outbox.addAll(this.#envelope.rows(batch, set));
  }

  /** Waiting for more input is nobody's fault here: it is told only when something waits. */
  #tellBlocked(forMs: number): void {
    const by = blockedBy(this.report().stages, this.#outbox.empty);
    if (by !== null) {
      this.#events.add({ ...by, name: "blocked", attributes: { by: by.stage, forMs } });
    }
  }

  #complete(): void {
    this.#state = "complete";
    this.#watch?.given();
    this.#durationMs = Math.round(performance.now() - this.#started);
    const notice = this.#notices.all(this.#rejects);
    if (notice !== null) this.#outbox.add(this.#envelope.notice(notice));
    this.#outbox.add(this.#envelope.end(() => this.report()));
    this.#outbox.end();
  }

  #fail(fault: unknown): void {
    this.cancel(toRunError(fault));
  }

  /** Sends a snapshot and the progress when the reader has taken all that was sent before; else leaves them out. */
  #tick(): void {
    if (!this.#outbox.empty || this.#state !== "running") return;
    try {
      for (const chunk of this.#snapshots?.take() ?? []) this.#outbox.add(chunk);
      this.#outbox.add(this.#envelope.progress(this.report()));
    } catch (fault) {
      this.#fail(fault);
    }
  }
}
