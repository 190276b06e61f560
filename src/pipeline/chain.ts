/**
 * Composition: several operators run as one, called directly, without streams between them. Branches of a pipeline and
 * tests are made of it.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { NOTHING, type Operator, type Outputs } from "../stage.ts";
import { settled, type Steps, stepsOf, type Stepwise, stepwise, waits } from "./steps.ts";

/** What the first operator of a chain may take: bytes for a format, batches for every other stage. */
export type Chunk = Uint8Array | Batch;

/** An operator whose input is told by its place: a format takes bytes, every other stage batches. */
export type AnyOperator = Operator<Chunk, Batch>;

/**
 * The operators that `makers` give, as one; none of them passes batches on. Data runs through all at each call and stays
 * synchronous unless one waits; `done` is told as soon as any is, for then nothing from above can change the output.
 * Disposed of while one waits, it gives nothing more to those below, which hold nothing then.
 * `finish` may be read with `for of`, which throws when a stage waits, or with `for await`. A snapshot starts at the
 * first operator that can give one and runs through fresh operators of the makers behind it, so no state changes; it
 * costs what those hold while it is read.
 */
export function chain(makers: readonly (() => AnyOperator)[]): AnyOperator {
  return makers.length === 0 ? { push: (chunk) => [chunk as Batch] } : new Chain(makers);
}

/**
 * What `source` would finish with now, through fresh operators that `makers` give, disposed of when it has been read.
 * They begin with the state of those `below` that can save one, for rows that came before are in it. Throws Error when
 * one of them waits.
 */
export function* snapshotThrough(
  source: Pick<AnyOperator, "snapshot">,
  makers: readonly (() => AnyOperator)[],
  below: readonly AnyOperator[] = [],
): Generator<Batch> {
  const fresh = createAll(makers);
  let over = false;
  try {
    fresh.forEach((operator, index) => restoreOperator(operator, below[index]?.save?.()));
    const head: AnyOperator = { push: () => NOTHING, finish: () => source.snapshot?.() ?? NOTHING };
    yield* finishNow([head, ...fresh], () => over);
  } finally {
    over = true;
    disposeAll(fresh);
  }
}

/** The state of an operator between two calls; null for one without state, which is what has no `save`. */
export function saveOperator(operator: { save?(): unknown }): unknown {
  return operator.save?.() ?? null;
}

/** Puts what {@link saveOperator} gave into an operator that has had no input. Throws Error when it takes none. */
export function restoreOperator(
  operator: { restore?(state: unknown): void; merge?(state: unknown): void },
  state: unknown,
): void {
  if (state === null || state === undefined) return;
  if (operator.restore !== undefined) operator.restore(state);
  else if (operator.merge !== undefined) operator.merge(state);
  else throw new Error("Cannot restore a stage that saves its state and takes none");
}

class Chain implements AnyOperator {
  readonly snapshot?: () => Iterable<Batch>;
  readonly take?: () => Promise<Outputs<Batch>>;
  readonly #operators: readonly AnyOperator[];
  #disposed = false;
  readonly #isOver = () => this.#disposed;

  constructor(makers: readonly (() => AnyOperator)[]) {
    this.#operators = createAll(makers);
    if (this.#operators.some((operator) => operator.take !== undefined)) {
      this.take = () => this.#takeAll();
    }
    const source = this.#operators.findIndex((operator) => operator.snapshot !== undefined);
    if (source < 0) return;
    this.snapshot = () => {
      const below = this.#operators.slice(source + 1);
      return snapshotThrough(this.#operators[source]!, makers.slice(source + 1), below);
    };
  }

  get done(): boolean {
    return lastDone(this.#operators) >= 0;
  }

  get full(): boolean {
    return this.#operators.some((operator) => operator.full);
  }

  push(chunk: Chunk): Outputs<Batch> | Promise<Outputs<Batch>> {
    if (this.#disposed) return NOTHING;
    const outputs = this.#operators[0]!.push(chunk);
    return outputs instanceof Promise
      ? outputs.then((ready) => through(this.#operators, 1, ready, this.#isOver))
      : through(this.#operators, 1, outputs, this.#isOver);
  }

  /** What is ready, the last operator's first, for that is the oldest. */
  async #takeAll(): Promise<Outputs<Batch>> {
    const all: Batch[] = [];
    for (let at = this.#operators.length - 1; at >= Math.max(0, lastDone(this.#operators)); at--) {
      if (this.#disposed) break;
      const ready = await this.#operators[at]!.take?.() ?? NOTHING;
      const outputs = await through(this.#operators, at + 1, ready, this.#isOver);
      for (const batch of outputs) all.push(batch);
    }
    return all;
  }

  finish(): Iterable<Batch> | AsyncIterable<Batch> {
    const [only, ...others] = this.#operators;
    // Of a window's pipeline this is most of what finishing costs.
    if (others.length === 0) return only!.finish?.() ?? NOTHING;
    return this.#finish();
  }

  #finish(): Stepwise<Batch> {
    return {
      ...stepwise(() => finishSteps(this.#operators, this.#isOver)),
      [Symbol.iterator]: () => finishNow(this.#operators, this.#isOver),
    };
  }

  /** The state of each operator, null where one has none. */
  save(): readonly unknown[] {
    return this.#operators.map(saveOperator);
  }

  restore(state: unknown): void {
    const states = state as readonly unknown[];
    this.#operators.forEach((operator, index) => restoreOperator(operator, states[index]));
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    disposeAll(this.#operators);
  }
}

/** The last operator that wants no more: what those above it still hold is of no interest. -1 when all want more. */
function lastDone(operators: readonly AnyOperator[]): number {
  return operators.findLastIndex((operator) => operator.done === true);
}

const NEVER = () => false;

/** What comes out at the end when `chunks` go into the operator at `from`; nothing more once it is `over`. */
export function through(
  operators: readonly AnyOperator[],
  from: number,
  chunks: Outputs<Batch>,
  over: () => boolean = NEVER,
): Outputs<Batch> | Promise<Outputs<Batch>> {
  let current = chunks;
  for (let at = from; at < operators.length && current.length > 0; at++) {
    const outputs = pushAll(operators[at]!, current, 0, over);
    if (outputs instanceof Promise) {
      return outputs.then((ready) => through(operators, at + 1, ready, over));
    }
    current = outputs;
  }
  return current;
}

function pushAll(
  operator: AnyOperator,
  chunks: Outputs<Batch>,
  from: number,
  over: () => boolean,
): Outputs<Batch> | Promise<Outputs<Batch>> {
  const all: Batch[] = [];
  for (let index = from; index < chunks.length && !operator.done && !over(); index++) {
    const outputs = operator.push(chunks[index]!);
    if (outputs instanceof Promise) {
      return outputs.then(async (ready) => [
        ...all,
        ...ready,
        ...await pushAll(operator, chunks, index + 1, over),
      ]);
    }
    if (chunks.length === 1) return outputs;
    for (const output of outputs) all.push(output);
  }
  return all;
}

function* finishSteps(
  operators: readonly AnyOperator[],
  over: () => boolean,
): Steps<Batch> {
  for (let at = Math.max(0, lastDone(operators)); at < operators.length; at++) {
    for (const step of stepsOf(operators[at]!.finish?.() ?? NOTHING)) {
      if (step instanceof Promise) yield step;
      else yield* yield* settled(through(operators, at + 1, [step], over));
      if (lastDone(operators) > at) break;
    }
    at = Math.max(at, lastDone(operators) - 1);
  }
}

/** As {@link finishSteps}, for operators that do not wait: a snapshot equals what finishes, and is never async. */
function* finishNow(operators: readonly AnyOperator[], over: () => boolean): Generator<Batch> {
  for (let at = Math.max(0, lastDone(operators)); at < operators.length; at++) {
    const operator = operators[at]!;
    const rest = operator.snapshot?.() ?? operator.finish?.() ?? NOTHING;
    if (!(Symbol.iterator in rest)) throw waits();
    for (const output of rest) {
      const outputs = through(operators, at + 1, [output], over);
      if (outputs instanceof Promise) {
        outputs.catch(() => {});
        throw waits();
      }
      yield* outputs;
      if (lastDone(operators) > at) break;
    }
    at = Math.max(at, lastDone(operators) - 1);
  }
}

function createAll(makers: readonly (() => AnyOperator)[]): readonly AnyOperator[] {
  const made: AnyOperator[] = [];
  try {
    for (const make of makers) made.push(make());
    return made;
  } catch (fault) {
    disposeAll(made);
    throw fault;
  }
}

/** Disposes of each once; what the first failing one throws is thrown when all have been called. */
export function disposeAll(operators: readonly Pick<AnyOperator, "dispose">[]): void {
  let faults: { readonly first: unknown } | null = null;
  for (const operator of operators) {
    try {
      operator.dispose?.();
    } catch (fault) {
      faults ??= { first: fault };
    }
  }
  if (faults !== null) throw faults.first;
}
