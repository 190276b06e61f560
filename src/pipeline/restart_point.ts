/**
 * Where a supervised stage is made again from: its state in memory, and what it was given since.
 * @module
 */
import { decodeState } from "../checkpoint/decode.ts";
import { encodeState } from "../checkpoint/encode.ts";
import type { Budget } from "../stage.ts";
import { type AnyOperator, type Chunk, restoreOperator } from "./chain.ts";
import { measure } from "./counts.ts";

/** Chunks of at least so many bytes, and of as many as the saved state has, are kept between two checkpoints. */
const LEAST_LOG_BYTES = 1024 * 1024;
/** More than that is kept only as far as the saved state is larger. */
const MOST_LOG_BYTES = 16 * LEAST_LOG_BYTES;
/** Saving takes at most this share of the time while the log has room. */
const MOST_SAVING_SHARE = 0.05;

/** A state as bytes, and the chunks after it; both are declared to the budget. */
export class RestartPoint {
  #state: Uint8Array | null = null;
  #log: Chunk[] = [];
  #logged = 0;
  #held = 0;
  #nextSave = 0;

  constructor(readonly budget: Budget) {}

  /** Keeps a chunk that the operator has taken; whether its state is to be saved now. */
  add(chunk: Chunk): boolean {
    this.#log.push(chunk);
    this.#logged += measure(chunk).bytes;
    this.#declare();
    const size = this.#state?.length ?? 0;
    if (this.#logged < Math.max(LEAST_LOG_BYTES, size)) return false;
    return performance.now() >= this.#nextSave || this.#logged >= Math.max(MOST_LOG_BYTES, size);
  }

  /** Saves the state of an operator that has one: it stands for all that was given before. */
  save(operator: AnyOperator): void {
    if (operator.save === undefined) return;
    const started = performance.now();
    this.#state = encodeState(operator.save());
    const saved = performance.now();
    this.#nextSave = saved + (saved - started) / MOST_SAVING_SHARE;
    this.#log = [];
    this.#logged = 0;
    this.#declare();
  }

  /**
   * Brings a new operator here, with outputs that nobody sees. `brought` is told when it has its state, for work that was under
   * way begins again then, and when it has gone through the chunks.
   */
  async bring(operator: AnyOperator, brought: () => void): Promise<void> {
    if (this.#state !== null) restoreOperator(operator, decodeState(this.#state));
    brought();
    for (const chunk of this.#log) await operator.push(chunk);
    if (this.#log.length > 0) brought();
  }

  /** From here on a new operator begins from nothing. */
  forget(): void {
    this.#state = null;
    this.#log = [];
    this.#logged = 0;
    this.#declare();
  }

  #declare(): void {
    const held = this.#logged + (this.#state?.length ?? 0);
    const more = held - this.#held;
    this.#held = held;
    this.budget.take(more);
  }
}
