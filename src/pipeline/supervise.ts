/**
 * Supervision: a stage that throws is made anew, given back its state, and asked again.
 * @module
 */
import { decodeState } from "../checkpoint/decode.ts";
import { encodeState } from "../checkpoint/encode.ts";
import { RunError } from "../errors.ts";
import type { Outputs, StageContext, StageKind } from "../stage.ts";
import type { Batch } from "../batch/batch.ts";
import { type AnyOperator, type Chunk, restoreOperator } from "./chain.ts";
import type { HeldBack } from "./held_back.ts";
import { measure, type Probe } from "./probe.ts";

/** How stages are supervised. */
export interface Supervision {
  /** The most restarts of one stage in a run. */
  readonly limit: number;
  /** Whether a stage goes on with its state, or from nothing; a format always goes on. */
  readonly state: "restore" | "reset";
  /** Milliseconds before the first restart, doubled for each further one up to 5 s, or this when it is longer. */
  readonly backoffMs?: number | undefined;
}

const FIRST_BACKOFF_MS = 20;
const MOST_BACKOFF_MS = 5_000;
/** Chunks of at least so many bytes, and of as many as the saved state has, are kept between two checkpoints. */
const LEAST_LOG_BYTES = 1024 * 1024;
/** More than that is kept only as far as the saved state is larger. */
const MOST_LOG_BYTES = 16 * LEAST_LOG_BYTES;
/** Saving takes at most this share of the time while the log has room. */
const MOST_SAVING_SHARE = 0.05;

/**
 * The operator that `make` gives with `context`, which says of lines and rejects through `effects`, made again when it throws something that is no RunError: after a growing pause, from
 * its last checkpoint in memory, with the chunks since then gone through once more and their outputs left out. So a stage
 * whose outputs depend on its input alone gives what it would have given. The rest of the run waits meanwhile. What the
 * failed call said of lines and rejects is forgotten. After `limit` restarts, and in `finish`, the fault goes on as it is.
 *
 * `nestedProbes`, asked once the operator is there, are rewound with it, so that rows inside are counted once.
 *
 * Costs the state once more, as bytes, and chunks of up to that size or 16 MiB, declared to the budget.
 */
export function supervised(
  make: () => AnyOperator,
  context: StageContext,
  effects: HeldBack,
  kind: StageKind,
  supervision: Supervision,
  nestedProbes: () => readonly Probe[] = () => [],
): AnyOperator {
  // A format that forgot where it is would read half a line as one, so it is never reset.
  const how = kind === "format" ? { ...supervision, state: "restore" as const } : supervision;
  const supervisor = new Supervisor(make, context, effects, how, nestedProbes);
  const operator: AnyOperator = {
    push: (chunk) => supervisor.call(chunk, (current) => current.push(chunk)),
    finish: () => supervisor.finish(),
    get full() {
      return supervisor.current.full ?? false;
    },
    get done() {
      return supervisor.current.done ?? false;
    },
    dispose: () => supervisor.dispose(),
  };
  const { take, offer, snapshot, save, restore, merge } = supervisor.current;
  return Object.defineProperties(
    {
      ...(take && { take: () => supervisor.call(null, (current) => current.take!()) }),
      ...(offer && { offer: (chunk: Chunk) => supervisor.current.offer!(chunk) }),
      ...(snapshot && { snapshot: () => supervisor.current.snapshot!() }),
      ...(save && { save: () => supervisor.current.save!() }),
      ...(restore && { restore: (state: unknown) => supervisor.change("restore", state) }),
      ...(merge && { merge: (state: unknown) => supervisor.change("merge", state) }),
    },
    Object.getOwnPropertyDescriptors(operator),
  ) as AnyOperator;
}

class Supervisor {
  current: AnyOperator;
  #restarts = 0;
  #checkpoint: Uint8Array | null = null;
  #log: Chunk[] = [];
  #logged = 0;
  #held = 0;
  #nextSave = 0;
  readonly #nested: readonly Probe[];
  /** The state has changed by other ways than a call, and was not saved since. */
  #changed = false;

  constructor(
    readonly make: () => AnyOperator,
    readonly context: StageContext,
    readonly effects: HeldBack,
    readonly supervision: Supervision,
    nestedProbes: () => readonly Probe[],
  ) {
    this.current = make();
    this.#nested = nestedProbes();
  }

  /** Calls the operator, again after a restart when it throws; `chunk` is what the call takes, to be gone through later. */
  call(
    chunk: Chunk | null,
    work: (current: AnyOperator) => Outputs<Batch> | Promise<Outputs<Batch>>,
  ): Outputs<Batch> | Promise<Outputs<Batch>> {
    if (this.#changed) this.#save();
    let outputs: Outputs<Batch> | Promise<Outputs<Batch>>;
    try {
      outputs = work(this.current);
    } catch (fault) {
      return this.#again(fault, chunk, work);
    }
    if (!(outputs instanceof Promise)) return this.#done(chunk, outputs);
    return outputs.then(
      (ready) => this.#done(chunk, ready),
      (fault) => this.#again(fault, chunk, work),
    );
  }

  /** Puts a state into the operator: from now on it is part of what a restart goes on with. */
  change(how: "restore" | "merge", state: unknown): void {
    this.current[how]!(state);
    this.effects.commit();
    this.#changed = true;
  }

  finish(): Iterable<Batch> | AsyncIterable<Batch> {
    this.effects.open();
    return this.current.finish?.() ?? [];
  }

  dispose(): void {
    this.#forget();
    this.current.dispose?.();
  }

  #done(
    chunk: Chunk | null,
    outputs: Outputs<Batch>,
  ): Outputs<Batch> | Promise<Outputs<Batch>> {
    const settled = this.effects.underWay.settled();
    if (settled !== undefined) return settled.then(() => this.#done(chunk, outputs));
    this.effects.commit();
    for (const probe of this.#nested) probe.mark();
    if (this.current.save === undefined) return outputs;
    if (chunk !== null && this.current.take === undefined) {
      const { bytes } = measure(chunk);
      this.#log.push(chunk);
      this.#logged += bytes;
      this.#declare();
      if (!this.#due()) return outputs;
    }
    this.#save();
    return outputs;
  }

  #due(): boolean {
    const size = this.#checkpoint?.length ?? 0;
    if (this.#logged < Math.max(LEAST_LOG_BYTES, size)) return false;
    return performance.now() >= this.#nextSave || this.#logged >= Math.max(MOST_LOG_BYTES, size);
  }

  async #again(
    fault: unknown,
    chunk: Chunk | null,
    work: (current: AnyOperator) => Outputs<Batch> | Promise<Outputs<Batch>>,
  ): Promise<Outputs<Batch>> {
    for (let last = fault;;) {
      this.effects.forget();
      if (last instanceof RunError) throw last;
      if (this.#restarts >= this.supervision.limit) throw fault;
      try {
        await this.#restart(last);
        const outputs = await work(this.current);
        return await this.#done(chunk, outputs);
      } catch (next) {
        last = next;
      }
    }
  }

  async #restart(fault: unknown): Promise<void> {
    const { limit } = this.supervision;
    const restarts = ++this.#restarts;
    const message = (fault instanceof Error ? fault.message : String(fault)).slice(0, 200);
    this.context.fact("restarts", restarts);
    this.context.event("restarted", { restarts, limit, error: message });
    this.current.dispose?.();
    await pause(this.context, this.#pause(restarts));
    this.current = this.make();
    if (this.supervision.state === "reset") this.#forget();
    else await this.#goThrough();
    for (const probe of this.#nested) probe.rewind();
  }

  /** Brings the new operator to where the last was. */
  async #goThrough(): Promise<void> {
    if (this.#checkpoint !== null) restoreOperator(this.current, decodeState(this.#checkpoint));
    for (const chunk of this.#log) await this.current.push(chunk);
    this.effects.forget();
  }

  #pause(restarts: number): number {
    const first = this.supervision.backoffMs ?? FIRST_BACKOFF_MS;
    return Math.min(Math.max(first, MOST_BACKOFF_MS), first * 2 ** (restarts - 1));
  }

  #save(): void {
    this.#changed = false;
    if (this.current.save === undefined) return;
    const started = performance.now();
    this.#checkpoint = encodeState(this.current.save());
    const saved = performance.now();
    this.#nextSave = saved + (saved - started) / MOST_SAVING_SHARE;
    this.#log = [];
    this.#logged = 0;
    this.#declare();
  }

  #forget(): void {
    this.#checkpoint = null;
    this.#log = [];
    this.#logged = 0;
    this.#declare();
  }

  #declare(): void {
    const held = this.#logged + (this.#checkpoint?.length ?? 0);
    const more = held - this.#held;
    this.#held = held;
    this.context.budget.take(more);
  }
}

/** Rejects when the run ends meanwhile. */
function pause({ resources, signal }: StageContext, milliseconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      take();
      reject(signal.reason);
    };
    const take = resources.clock.after(milliseconds, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
