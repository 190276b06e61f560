/**
 * Stages that share a stream: one that does next to nothing with a batch, and the one below it.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import type { Outputs } from "../stage.ts";
import type { AssembledStage } from "./assemble.ts";
import { type AnyOperator, chain, type Chunk, through } from "./chain.ts";

/**
 * The stages by stream, in order. A `light` one is joined to the stage below where that gives nothing of its own accord and
 * has no bound of its own: its queue is then the queue of both, and what it passes on is worked on in the same call. Each
 * stays itself in the report. A stream costs 2 to 5 microseconds a batch, more than such a stage does.
 */
export function joined(stages: readonly AssembledStage[]): readonly AssembledStage[] {
  const all: AssembledStage[] = [];
  for (let index = 0; index < stages.length; index++) {
    const [stage, below] = [stages[index]!, stages[index + 1]];
    if (below === undefined || !stage.shares?.below || !canShare(below)) all.push(stage);
    else {
      all.push(join(stage, below));
      index++;
    }
  }
  return all;
}

/** A stage that waits or reaches out has rows under way while the next ones arrive, and those belong in a queue before it. */
function canShare({ operator, shares }: AssembledStage): boolean {
  return operator.take === undefined && shares?.above === true;
}

function join(head: AssembledStage, below: AssembledStage): AssembledStage {
  return {
    name: head.name,
    operator: new Joined(head.operator, below.operator),
    probe: head.probe,
    ...(head.keeps === "nothing" && below.keeps !== undefined && { keeps: below.keeps }),
    wake: head.wake,
    // What the stages above have to wait for, `below` takes itself.
    room: () => below.room(),
    over() {
      head.over();
      below.over();
    },
    fresh: (services) => chain([() => head.fresh(services), () => below.fresh(services)]),
  };
}

class Joined implements AnyOperator {
  readonly take?: () => Outputs<Batch> | Promise<Outputs<Batch>>;
  readonly offer?: (chunk: Chunk) => void;
  readonly finish: () => Iterable<Batch> & AsyncIterable<Batch>;
  readonly #below: readonly AnyOperator[];

  constructor(readonly head: AnyOperator, readonly below: AnyOperator) {
    this.#below = [below];
    const both = chain([() => head, () => below]);
    this.finish = () => both.finish!() as ReturnType<Joined["finish"]>;
    if (head.take !== undefined) this.take = () => this.#on(head.take!());
    if (head.offer !== undefined) this.offer = (chunk) => head.offer!(chunk);
  }

  get done(): boolean {
    return this.head.done === true || this.below.done === true;
  }

  get full(): boolean {
    return this.head.full === true;
  }

  push(chunk: Chunk): Outputs<Batch> | Promise<Outputs<Batch>> {
    return this.#on(this.head.push(chunk));
  }

  #on(outputs: Outputs<Batch> | Promise<Outputs<Batch>>): Outputs<Batch> | Promise<Outputs<Batch>> {
    return outputs instanceof Promise
      ? outputs.then((ready) => through(this.#below, 0, ready))
      : through(this.#below, 0, outputs);
  }
}
