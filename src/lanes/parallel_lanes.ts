/**
 * Lanes beside each other: batches of one stream shared out among instances of a pipeline that keeps nothing.
 * @module
 */
import type { Attempt } from "../attempt.ts";
import type { Batch } from "../batch/batch.ts";
import { disposeAll } from "../pipeline/chain.ts";
import { type Steps, type Stepwise, stepwise } from "../pipeline/steps.ts";
import type { Operator, Outputs, StageContext } from "../stage.ts";
import { type Balance } from "./balance.ts";
import { LaneCount } from "./lane_count.ts";
import { LaneSet } from "./lane_set.ts";
import type { Lane } from "./lane.ts";
import { restoreSlots, type SavedSlot, saveOutputs, saveSlot, type Slot } from "./slots.ts";

/** How lanes work together. */
export interface ParallelLanesOptions {
  readonly least: number;
  readonly most: number;
  /** Whether what comes out is in the order of what came in, or as it is ready. */
  readonly ordered: boolean;
  readonly balance: Balance;
  /** Makes an instance of the pipeline. */
  make(): Attempt;
}

interface LanesState {
  readonly slots: readonly SavedSlot[];
  readonly lanes: readonly unknown[];
}

/** A batch that has failed in so many lanes fails the run. */
const MOST_TRIES = 3;
/** Batches under way or waiting for one before them, for each lane. */
const SLOTS_A_LANE = 2;

/**
 * Each batch goes to one lane that is free; while none is, the input waits. A batch whose lane throws goes to another one.
 * Its rejects and figures are held back until it is through, so they count once, as do those of a batch that is saved while it
 * is under way. Holds at most two batches a lane, what they gave, and what is held back of one batch a lane.
 */
export class ParallelLanes implements Operator<Batch, Batch> {
  readonly #lanes: LaneSet;
  readonly #count: LaneCount;
  #slots: Slot[] = [];
  /** Batches that no lane has. */
  #homeless: Slot[] = [];
  /** What stages inside gave of their own accord. */
  #extra: Batch[] = [];
  #fault: { readonly of: unknown } | null = null;
  #change: PromiseWithResolvers<void> | null = null;
  #over = false;
  #retried = 0;

  constructor(
    readonly options: ParallelLanesOptions,
    readonly context: StageContext,
  ) {
    this.#lanes = new LaneSet(options, context);
    this.#count = new LaneCount(options.least, options.most);
  }

  get full(): boolean {
    return this.#fault === null &&
      (this.#homeless.length > 0 || !this.#lanes.hasFree ||
        this.#slots.length >= this.#lanes.size * SLOTS_A_LANE);
  }

  push(batch: Batch): Outputs<Batch> | Promise<Outputs<Batch>> {
    return this.full ? this.#pushLater(batch) : this.#begin(batch);
  }

  take(): Outputs<Batch> {
    for (const ready of this.#lanes.takeAll()) {
      const given = ready.then((outputs) => {
        if (outputs.length === 0) return;
        this.#extra.push(...outputs);
        this.context.wake();
      }, (fault) => this.#fail(fault)).finally(() => this.#changed());
      this.context.meanwhile(given);
    }
    return this.#drain();
  }

  finish(): Stepwise<Batch> {
    return stepwise(() => this.#finish());
  }

  /** What was done is saved as it is, what is under way to be done again. Throws what a lane has failed with: its rows are gone. */
  save(): LanesState {
    if (this.#fault !== null) throw this.#fault.of;
    return {
      slots: [...this.#slots.map(saveSlot), ...saveOutputs(this.#extra)],
      lanes: this.#lanes.all.map((lane) => lane.save()),
    };
  }

  restore(state: unknown): void {
    const { slots, lanes } = state as LanesState;
    this.#lanes.resize(lanes.length);
    lanes.forEach((own, index) => this.#lanes.all[index]!.restore(own));
    this.#slots = slots.flatMap(restoreSlots);
    this.#homeless = this.#slots.filter(({ outputs }) => outputs === null);
    this.#house();
    if (slots.length > 0) this.context.wake();
  }

  dispose(): void {
    this.#over = true;
    this.#slots = [];
    this.#changed();
    disposeAll(this.#lanes.all);
  }

  async #pushLater(batch: Batch): Promise<Outputs<Batch>> {
    const outputs: Batch[] = [];
    while (this.full && !this.#over) {
      outputs.push(...this.#drain());
      if (this.full) await this.#next();
    }
    return [...outputs, ...this.#begin(batch)];
  }

  #begin(batch: Batch): Outputs<Batch> {
    if (this.#over) return [];
    const slot: Slot = { input: batch, outputs: null, tries: 0 };
    this.#slots.push(slot);
    this.#homeless.push(slot);
    this.#house();
    const by = this.#count.next(this.#lanes.size, this.#lanes.freeCount);
    if (by !== 0) this.#lanes.resize(this.#lanes.size + by);
    return this.#drain();
  }

  *#finish(): Steps<Batch> {
    for (;;) {
      const ready = this.#drain();
      yield* ready;
      if (this.#slots.length === 0) break;
      if (ready.length === 0) yield this.#next();
    }
    for (const lane of this.#lanes.all) {
      const taking = lane.settled();
      if (taking !== null) yield taking;
      yield* lane.finish();
    }
    yield* this.#drain();
  }

  /** What may be given now. */
  #drain(): Outputs<Batch> {
    if (this.#fault !== null) throw this.#fault.of;
    const ready: Batch[] = this.#extra.splice(0);
    if (this.options.ordered) {
      while (this.#slots.length > 0 && this.#slots[0]!.outputs !== null) {
        ready.push(...this.#slots.shift()!.outputs!);
      }
      return ready;
    }
    this.#slots = this.#slots.filter(({ outputs }) => {
      if (outputs !== null) ready.push(...outputs);
      return outputs === null;
    });
    return ready;
  }

  /** Finds lanes for batches that have none. */
  #house(): void {
    while (this.#homeless.length > 0 && this.#fault === null) {
      const lane = this.#lanes.choose();
      if (lane === null) return;
      this.#run(this.#homeless.shift()!, lane);
    }
  }

  #run(slot: Slot, lane: Lane): void {
    const begun = this.context.resources.clock.now();
    // A lane is not free before it is known how it fared: one that has failed is made anew, with all that is in it.
    const done = (outputs: Outputs<Batch>) => {
      lane.pushing = false;
      if (this.#over) return;
      lane.through();
      slot.outputs = outputs;
      this.#lanes.well(lane, this.context.resources.clock.now() - begun);
    };
    try {
      const outputs = lane.push(slot.input);
      if (!(outputs instanceof Promise)) return done(outputs);
      lane.pushing = true;
      const given = outputs.then(done).catch((fault) => this.#failed(slot, lane, fault))
        .finally(() => this.#settled());
      // Its stages hold some of the batch by now, so that saved as input it would come twice.
      if (lane.operator.take !== undefined) this.context.meanwhile(given);
    } catch (fault) {
      this.#failed(slot, lane, fault);
    }
  }

  #failed(slot: Slot, lane: Lane, fault: unknown): void {
    lane.pushing = false;
    if (this.#over) return;
    if (!this.#lanes.ill(lane, fault) || ++slot.tries >= MOST_TRIES) return this.#fail(fault);
    this.context.fact("retried", ++this.#retried);
    this.#homeless.unshift(slot);
  }

  #settled(): void {
    if (this.#over) return;
    try {
      this.#house();
    } catch (fault) {
      this.#fail(fault);
    }
    this.context.wake();
    this.#changed();
  }

  #fail(fault: unknown): void {
    this.#fault ??= { of: fault };
    this.context.wake();
  }

  #next(): Promise<void> {
    return (this.#change ??= Promise.withResolvers()).promise;
  }

  #changed(): void {
    this.#change?.resolve();
    this.#change = null;
  }
}
