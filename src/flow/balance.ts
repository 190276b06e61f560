import { Lanes, readablesOf, writablesOf } from "./lanes.ts";
import { createStage, type Stage } from "./stage.ts";

/** Which lane is given the next item. */
export interface BalanceOptions {
  /**
   * "round_robin" (the default): in turn, waiting for the lane whose turn it is. "least_busy": the one with the fewest
   * unfinished writes, and of these the one that was given the fewest items. "weighted": in turn, by `weights`.
   */
  readonly by?: "round_robin" | "least_busy" | "weighted";
  /** For "weighted": each lane's share, above 0. */
  readonly weights?: readonly number[];
}

/**
 * Each item goes to one lane; what the lanes give comes as it is ready. A finished lane is passed over; when all are, so
 * is the stage. Memory: what the lanes hold, and one item a lane.
 *
 * @example Two lanes in turn
 * ```ts
 * import { balance, collect, from, map } from "./mod.ts";
 * import assert from "node:assert/strict";
 *
 * const lanes = balance([map((item: number) => `a${item}`), map((item: number) => `b${item}`)]);
 * assert.deepEqual((await collect(from([1, 2, 3]).pipeThrough(lanes))).sort(), ["a1", "a3", "b2"]);
 * ```
 */
export function balance<In, Out>(
  stages: readonly Stage<In, Out>[],
  options: BalanceOptions = {},
): Stage<In, Out> {
  return createStage((output) => {
    const lanes = new Lanes(writablesOf(stages), readablesOf(stages), output);
    const chooser = new Chooser(lanes, stages.length, options);
    return {
      write(item) {
        const lane = chooser.next();
        if (lane >= 0) return lanes.send(lane, item);
        return sendLater(item);
      },
      close: () => lanes.close(),
      dispose: (reason) => lanes.dispose(reason),
    };
    async function sendLater(item: In): Promise<void> {
      for (;;) {
        await lanes.change();
        if (output.ended) return;
        const lane = chooser.next();
        if (lane >= 0) return lanes.send(lane, item);
      }
    }
  }, { paced: false });
}

class Chooser {
  readonly #credit: number[];
  readonly #given: number[];
  readonly #weights: readonly number[];
  readonly #total: number;
  /** The lane whose turn it is, until it has taken its item. */
  #turn = -1;

  constructor(
    readonly lanes: Lanes<never, unknown>,
    readonly count: number,
    readonly options: BalanceOptions,
  ) {
    const weights = options.by === "weighted" ? options.weights ?? [] : Array(count).fill(1);
    if (count < 1 || weights.length !== count || weights.some((weight) => !(weight > 0))) {
      throw new RangeError(
        `Cannot balance ${count} lanes with weights ${
          JSON.stringify(weights)
        }; give each lane one above 0`,
      );
    }
    this.#weights = weights;
    this.#total = weights.reduce((sum, weight) => sum + weight, 0);
    this.#credit = Array(count).fill(0);
    this.#given = Array(count).fill(0);
  }

  /** The lane for the next item, or -1 while it has to wait. */
  next(): number {
    const lane = this.options.by === "least_busy" ? this.#leastBusy() : this.#inTurn();
    if (lane >= 0) this.#given[lane]!++;
    return lane;
  }

  #leastBusy(): number {
    let best = -1;
    for (let lane = 0; lane < this.count; lane++) {
      if (!this.lanes.open(lane) || !this.lanes.hasRoom(lane)) continue;
      if (best < 0 || this.#load(lane) < this.#load(best)) best = lane;
    }
    return best;
  }

  #load(lane: number): number {
    return this.lanes.pending(lane) * Number.MAX_SAFE_INTEGER + this.#given[lane]!;
  }

  /** Smooth weighted round robin, as nginx does it: every lane gains its weight, the richest pays for all. */
  #inTurn(): number {
    if (this.#turn < 0 || !this.lanes.open(this.#turn)) this.#turn = this.#richest();
    if (this.#turn < 0 || !this.lanes.hasRoom(this.#turn)) return -1;
    const lane = this.#turn;
    this.#turn = -1;
    return lane;
  }

  #richest(): number {
    let best = -1;
    for (let lane = 0; lane < this.count; lane++) {
      if (!this.lanes.open(lane)) continue;
      this.#credit[lane]! += this.#weights[lane]!;
      if (best < 0 || this.#credit[lane]! > this.#credit[best]!) best = lane;
    }
    if (best >= 0) this.#credit[best]! -= this.#total;
    return best;
  }
}
