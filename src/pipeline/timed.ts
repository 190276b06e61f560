/**
 * A pipeline that must not take long.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { RunError } from "../errors.ts";
import type { Clock } from "../resources.ts";
import { restoreOperator, saveOperator } from "./chain.ts";
import { NOTHING, type Operator, type Outputs } from "../stage.ts";

type Pushed = Outputs<Batch> | Promise<Outputs<Batch>>;

/**
 * `inner` with at most `limitMs` milliseconds for each call: a batch that goes in, outputs of its own accord that are
 * fetched, a batch of what it finishes with. A call that takes longer fails with RunError `stage_timeout`: one that waits
 * at once, one that computes when it is over, since nothing can interrupt it. One timer while a call waits.
 */
export class Timed implements Operator<Batch, Batch> {
  readonly take?: () => Pushed;
  readonly snapshot?: () => Iterable<Batch>;

  constructor(
    readonly inner: Operator<Batch, Batch>,
    readonly limitMs: number,
    readonly clock: Clock,
  ) {
    if (inner.take) this.take = () => this.#within(() => inner.take!());
    if (inner.snapshot) this.snapshot = () => inner.snapshot!();
  }

  get done(): boolean {
    return this.inner.done ?? false;
  }

  push(batch: Batch): Pushed {
    return this.#within(() => this.inner.push(batch));
  }

  finish(): Iterable<Batch> & AsyncIterable<Batch> {
    return {
      [Symbol.iterator]: () => this.#finishNow(),
      [Symbol.asyncIterator]: () => this.#finishWaiting(),
    };
  }

  save(): unknown {
    return saveOperator(this.inner);
  }

  restore(state: unknown): void {
    restoreOperator(this.inner, state);
  }

  dispose(): void {
    this.inner.dispose?.();
  }

  #within<Result>(work: () => Result | Promise<Result>): Result | Promise<Result> {
    const started = this.clock.now();
    const result = work();
    // Once it is late nobody waits for it, and how it ends would be told to nobody.
    if (result instanceof Promise) result.catch(() => {});
    this.#check(started);
    if (!(result instanceof Promise)) return result;
    const late = Promise.withResolvers<never>();
    const left = this.limitMs - (this.clock.now() - started);
    const stop = this.clock.after(left, () => late.reject(this.#late()));
    return Promise.race([result, late.promise]).finally(stop);
  }

  *#finishNow(): Generator<Batch> {
    const rest = this.inner.finish?.() ?? NOTHING;
    if (!(Symbol.iterator in rest)) {
      throw new Error("Cannot read a pipeline at once whose stages wait");
    }
    const steps = rest[Symbol.iterator]();
    for (;;) {
      const started = this.clock.now();
      const step = steps.next();
      this.#check(started);
      if (step.done) return;
      yield step.value;
    }
  }

  async *#finishWaiting(): AsyncGenerator<Batch> {
    const rest = this.inner.finish?.() ?? NOTHING;
    const steps = Symbol.asyncIterator in rest
      ? rest[Symbol.asyncIterator]()
      : rest[Symbol.iterator]();
    for (;;) {
      const step = await this.#within<IteratorResult<Batch>>(() => steps.next());
      if (step.done) return;
      yield step.value;
    }
  }

  #check(started: number): void {
    if (this.clock.now() - started > this.limitMs) throw this.#late();
  }

  #late(): RunError {
    return new RunError(
      "stage_timeout",
      `A batch took longer than \`timeout ${this.limitMs}ms\` allows; allow more, or ask less of the stages in it`,
    );
  }
}
