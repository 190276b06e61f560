/**
 * The lanes of a stage: how many there are, which is free, which are sick.
 * @module
 */
import type { Batch } from "../batch/batch.ts";
import { RunError } from "../errors.ts";
import type { Outputs, StageContext } from "../stage.ts";
import { chooseLane, isSlow } from "./balance.ts";
import { Lane } from "./lane.ts";
import type { ParallelLanesOptions } from "./parallel_lanes.ts";

/** After so many batches without a fault, a lane's faults are forgotten. */
const FORGIVEN_AFTER = 32;

/** Lanes by index. Tells of every change in the report and by events. */
export class LaneSet {
  readonly #lanes: Lane[] = [];
  #last = -1;

  constructor(
    readonly options: Pick<ParallelLanesOptions, "least" | "most" | "balance" | "make">,
    readonly context: Pick<StageContext, "fact" | "event" | "resources">,
  ) {
    for (let index = 0; index < options.least; index++) this.#add();
    context.fact("lanes", this.size, "level");
  }

  get all(): readonly Lane[] {
    return this.#lanes;
  }

  get size(): number {
    return this.#lanes.length;
  }

  get freeCount(): number {
    return this.#lanes.filter((lane) => !lane.pushing).length;
  }

  /** Whether a lane could take a batch now. */
  get hasFree(): boolean {
    return this.#lanes.some((lane) => !lane.pushing && !lane.out) || this.#free().length > 0;
  }

  /** The lane for the next batch; null while all that are well have work. */
  choose(): Lane | null {
    const free = this.#free();
    if (free.length === 0) return null;
    const lane = chooseLane(free, this.options.balance, this.#last);
    this.#last = lane.index;
    return lane;
  }

  /** What is ready inside of lanes that have no push under way. */
  takeAll(): Promise<Outputs<Batch>>[] {
    return this.#lanes.flatMap((lane) => lane.take() ?? []);
  }

  /** The lane has done a batch. */
  well(lane: Lane, milliseconds: number): void {
    if (lane.out) {
      lane.comeBack();
      this.context.event("lane_back", { lane: lane.index + 1 });
    }
    lane.record(milliseconds);
    if (lane.batches === FORGIVEN_AFTER) lane.forgive();
    if (!isSlow(lane, this.#lanes)) return;
    const latencyMs = Math.round(lane.latencyMs!);
    this.context.event("lane_out", { lane: lane.index + 1, latencyMs, pauseMs: lane.takeOut() });
  }

  /**
   * The lane has thrown: it rests, and begins anew. Tells whether the batch may be tried in another: not when the run is to
   * fail, or when stages inside may hold rows of batches before.
   */
  ill(lane: Lane, fault: unknown): boolean {
    if (fault instanceof RunError || lane.operator.take !== undefined) return false;
    const error = (fault instanceof Error ? fault.message : String(fault)).slice(0, 200);
    this.context.event("lane_out", { lane: lane.index + 1, error, pauseMs: lane.takeOut() });
    lane.renew();
    return true;
  }

  /** Adds lanes, or lets go of the last ones, as far as they have no work. */
  resize(count: number): void {
    const from = this.size;
    while (this.size < count) this.#add();
    while (this.size > count) {
      const last = this.#lanes.at(-1)!;
      if (last.pushing || last.operator.take !== undefined) break;
      last.dispose();
      this.#lanes.pop();
    }
    if (this.size === from) return;
    this.context.fact("lanes", this.size, "level");
    this.context.event(this.size > from ? "lanes_added" : "lanes_removed", {
      from,
      to: this.size,
    });
  }

  /** Lanes without work that are well, or whose pause is over; where none is well at all, the one that has rested longest. */
  #free(): readonly Lane[] {
    const now = this.context.resources.clock.now();
    const idle = this.#lanes.filter((lane) => !lane.pushing);
    const fit = idle.filter((lane) => !lane.out || lane.outUntil <= now);
    if (fit.length > 0 || this.#lanes.some((lane) => !lane.out)) return fit;
    const rested = idle.toSorted((left, right) => left.outUntil - right.outUntil);
    return rested.slice(0, 1);
  }

  #add(): void {
    this.#lanes.push(new Lane(this.size, () => this.options.make(), this.context.resources.clock));
  }
}
