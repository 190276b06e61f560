/**
 * Supervision: a stage that throws is made anew, given back its state, and asked again.
 * @module
 */
import { RunError } from "../errors.ts";
import { type Outputs, type StageContext, type StageKind } from "../stage.ts";
import type { Batch } from "../batch/batch.ts";
import type { AnyOperator, Chunk } from "./chain.ts";
import { Finishing } from "./finishing.ts";
import { HeldBack } from "./held_back.ts";
import { pause } from "./pause.ts";
import { RestartPoint } from "./restart_point.ts";
import { awaited, type Steps, type Stepwise, stepwise } from "./steps.ts";
import { UnderWay } from "./under_way.ts";

/** How stages are supervised. */
export interface Supervision {
  /** The most restarts of one stage in a run. */
  readonly limit: number;
  /** Whether a stage goes on with its state, or from nothing; a format always goes on. */
  readonly state: "restore" | "reset";
  /** Milliseconds before the first restart, doubled for each further one up to 5 s, or this when it is longer. */
  readonly backoffMs?: number | undefined;
}

type Pushed = Outputs<Batch> | Promise<Outputs<Batch>>;
type Work = (current: AnyOperator) => Pushed;

const FIRST_BACKOFF_MS = 20;
const MOST_BACKOFF_MS = 5_000;
/** What a supervised operator is made and observed with. */
export interface Supervised {
  /** Makes the operator, whose stages tell what they tell to these services. */
  make(services: { readonly held: HeldBack; meanwhile(work: Promise<unknown>): void }): AnyOperator;
  /** Where restarts are told of. */
  readonly context: StageContext;
  readonly kind: StageKind;
  readonly supervision: Supervision;
}

/**
 * The operator that `make` gives, made again when it throws something that is no RunError: after a growing pause, from
 * its last checkpoint in memory, with the chunks since then gone through once more and their outputs left out. So a stage
 * whose outputs depend on its input alone gives what it would have given. The rest of the run waits meanwhile. What the
 * failed call, and those nested in the stage, told of lines, rejects, facts and rows is forgotten. After `limit` restarts
 * the fault goes on as it is.
 *
 * What throws in `finish` finishes once more from there, and as many rows as came out already are left out, as are lines and
 * rejects that were told: nothing comes twice where a stage finishes alike with the same state. A stage that begins from
 * nothing (`reset`) has nothing to repeat, and what it finishes with follows what came out before. Outputs of `finish` are not
 * kept; what is counted of stages nested in it is counted when it is through.
 *
 * Costs the state once more, as bytes, and chunks of up to that size or 16 MiB, declared to the budget.
 */
export function supervised(options: Supervised): AnyOperator {
  const supervisor = new Supervisor(options);
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
  readonly context: StageContext;
  readonly supervision: Supervision;
  #restarts = 0;
  readonly #point: RestartPoint;
  readonly #held: HeldBack;
  readonly #underWay = new UnderWay();
  readonly #make: () => AnyOperator;
  /** The state is not that which was saved last and the chunks since: it has names of its own, or was changed from without. */
  #changed = true;

  constructor({ make, context, kind, supervision }: Supervised) {
    this.context = context;
    // A format that forgot where it is would read half a line as one, so it is never reset.
    this.supervision = kind === "format" ? { ...supervision, state: "restore" } : supervision;
    this.#held = new HeldBack(context.budget);
    this.#make = () => make({ held: this.#held, meanwhile: this.#underWay.add });
    this.current = this.#make();
    this.#point = new RestartPoint(context.budget);
  }

  /** Calls the operator, again after a restart when it throws; `chunk` is what the call takes, to be gone through later. */
  call(
    chunk: Chunk | null,
    work: Work,
  ): Pushed {
    let done: Pushed;
    try {
      if (this.#changed) this.#save();
      const outputs = work(this.current);
      done = outputs instanceof Promise
        ? outputs.then((ready) => this.#done(chunk, ready))
        : this.#done(chunk, outputs);
    } catch (fault) {
      return this.#again(fault, chunk, work);
    }
    return done instanceof Promise ? done.catch((fault) => this.#again(fault, chunk, work)) : done;
  }

  /** Puts a state into the operator: from now on it is part of what a restart goes on with. */
  change(how: "restore" | "merge", state: unknown): void {
    this.current[how]!(state);
    this.#held.commit();
    this.#changed = true;
  }

  finish(): Stepwise<Batch> {
    return stepwise(() => this.#finishing());
  }

  dispose(): void {
    this.#point.forget();
    this.#held.close();
    this.current.dispose?.();
  }

  /** What a call has given, once what it has begun is over. Throws where that has failed: then the call has. */
  #done(chunk: Chunk | null, outputs: Outputs<Batch>): Pushed {
    const settled = this.#underWay.settled();
    if (settled !== undefined) return settled.then(() => this.#done(chunk, outputs));
    if (this.current.save !== undefined) {
      if (chunk === null || this.current.take !== undefined || this.#point.add(chunk)) this.#save();
    }
    this.#held.commit();
    return outputs;
  }

  *#finishing(): Steps<Batch> {
    const finishing = new Finishing(this.#held);
    for (let first: { readonly fault: unknown } | null = null;;) {
      try {
        if (!finishing.begun) yield* this.#saveLast();
        if (!finishing.begun) finishing.resume();
        return yield* finishing.once(this.current);
      } catch (fault) {
        first ??= { fault };
        finishing.stop();
        if (this.supervision.state === "reset") finishing.forget();
        const resume = finishing.begun ? finishing.resume : undefined;
        yield* awaited(this.#recover(fault, first.fault, resume));
      } finally {
        this.#held.commit();
      }
    }
  }

  /** What has been done since the last call is part of the state with which the stage finishes. */
  *#saveLast(): Steps<Batch> {
    for (let settled; (settled = this.#underWay.settled()) !== undefined;) yield* awaited(settled);
    if (this.#changed || this.current.take !== undefined) this.#save();
    this.#held.commit();
  }

  async #again(
    fault: unknown,
    chunk: Chunk | null,
    work: Work,
  ): Promise<Outputs<Batch>> {
    for (let last = fault;;) {
      await this.#recover(last, fault);
      try {
        const outputs = await work(this.current);
        return await this.#done(chunk, outputs);
      } catch (next) {
        last = next;
      }
    }
  }

  /**
   * Puts a new operator where the last was, in as many restarts as that takes, and calls `resume` before it does anything
   * for good. Rejects when there are too many, with the `first` fault.
   */
  async #recover(fault: unknown, first: unknown, resume?: () => void): Promise<void> {
    for (let last = fault;;) {
      this.#held.forget();
      if (last instanceof RunError) throw last;
      if (this.#restarts >= this.supervision.limit) throw first;
      try {
        return await this.#restart(last, resume);
      } catch (next) {
        last = next;
      }
    }
  }

  async #restart(fault: unknown, resume?: () => void): Promise<void> {
    const { limit } = this.supervision;
    const restarts = ++this.#restarts;
    const message = (fault instanceof Error ? fault.message : String(fault)).slice(0, 200);
    this.context.fact("restarts", restarts);
    this.context.event("restarted", { restarts, limit, error: message });
    this.current.dispose?.();
    await pause(this.context, this.#pause(restarts));
    this.current = this.#make();
    if (this.supervision.state === "reset") this.#point.forget();
    await this.#point.bring(this.current, () => this.#held.brought());
    resume?.();
  }

  #pause(restarts: number): number {
    const first = this.supervision.backoffMs ?? FIRST_BACKOFF_MS;
    return Math.min(Math.max(first, MOST_BACKOFF_MS), first * 2 ** (restarts - 1));
  }

  #save(): void {
    this.#changed = false;
    this.#point.save(this.current);
  }
}
