/**
 * Lanes by key: each row goes to the lane of its key.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { Branches } from "../pipeline/branches.ts";
import type { Operator, Outputs } from "../stage.ts";
import type { KeyLanes } from "./key_lanes.ts";

/**
 * Instances of one pipeline, each with the rows of its keys, in order. They work and wait beside each other on a batch,
 * and the next batch comes when all are done with it, so nothing is under way between two calls. What comes at the end
 * comes lane by lane. With `rowLocal`, rows that need no waiting stay in one lane: which one works on them makes no difference.
 */
export class Partitioned implements Operator<Batch, Batch> {
  readonly take?: () => Outputs<Batch> | Promise<Outputs<Batch>>;
  readonly snapshot?: () => Iterable<Batch>;
  readonly #branches: Branches;
  #together: boolean;

  constructor(
    readonly lanes: readonly Operator<Batch, Batch>[],
    keys: KeyLanes,
    rowLocal: boolean,
  ) {
    this.#branches = new Branches(lanes, { split: (batch) => keys.split(batch) });
    this.#together = rowLocal;
    const { take, snapshot } = this.#branches;
    if (take !== undefined) this.take = take;
    if (snapshot !== undefined) this.snapshot = snapshot;
  }

  get done(): boolean {
    return this.#branches.done;
  }

  get full(): boolean {
    return this.#branches.full;
  }

  push(batch: Batch): Outputs<Batch> | Promise<Outputs<Batch>> {
    if (!this.#together) return this.#branches.push(batch);
    const outputs = this.lanes[0]!.push(batch);
    // What waits is worth sharing out, from the next batch on.
    if (outputs instanceof Promise) this.#together = false;
    return outputs;
  }

  finish(): Iterable<Batch> & AsyncIterable<Batch> {
    return this.#branches.finish();
  }

  save(): unknown {
    return this.#branches.save();
  }

  restore(state: unknown): void {
    this.#branches.restore(state);
  }

  dispose(): void {
    this.#branches.dispose();
  }
}
