/**
 * A pace that finds what the stage below can bear.
 * @module
 */
import type { StageContext } from "../stage.ts";
import type { Pace } from "./token_bucket.ts";

/** Between which bounds it moves. Tokens a millisecond. */
export interface AdaptivePaceOptions {
  readonly start: number;
  readonly least: number;
  readonly most: number;
  /** The most tokens that wait. */
  readonly burst: number;
}

/** How often the stage below is looked at. */
const LOOK_MS = 100;
/** A batch that takes so many times the quickest is slow. */
const SLOW = 3;
/** Faster than this is never slow: it is the clock's noise. */
const NEVER_SLOW_MS = 1;
/** What is left of the rate after a bad look. */
const KEEP = 0.5;
/** What a good look adds, as a share of the rate it began with. */
const GAIN = 0.05;
/** An event tells of a rate that has changed by so much since the last. */
const TOLD = 1.25;

/**
 * Additive increase, multiplicative decrease (Chiu and Jain, 1989): every 100 ms it looks at what the stage below has
 * done since. Rejects, or batches that took three times as long as its quickest, halve the rate; else it grows by a
 * twentieth of the rate it began with. Nothing done changes nothing. Memory: some numbers.
 */
export class AdaptivePace implements Pace {
  readonly burst: number;
  #perMs: number;
  #lookedAt: number;
  #told: number;
  #quickestMs = Infinity;
  #batches = 0;
  #batchMs = 0;
  #rejects = 0;

  constructor(
    readonly options: AdaptivePaceOptions,
    readonly context: Pick<StageContext, "below" | "fact" | "event" | "resources">,
  ) {
    this.burst = options.burst;
    this.#perMs = this.#told = options.start;
    this.#lookedAt = context.resources.clock.now();
    this.#tell();
  }

  get perMs(): number {
    return this.#perMs;
  }

  /** Looks at the stage below, when it is time; called with every batch. */
  look(): void {
    const now = this.context.resources.clock.now();
    if (now - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now;
    const figures = this.context.below();
    if (figures === null || figures.batches === this.#batches) return;
    const meanMs = (figures.batchMs - this.#batchMs) / (figures.batches - this.#batches);
    const rejected = figures.rejects > this.#rejects;
    this.#batches = figures.batches;
    this.#batchMs = figures.batchMs;
    this.#rejects = figures.rejects;
    this.#quickestMs = Math.min(this.#quickestMs, meanMs);
    const slow = meanMs > Math.max(NEVER_SLOW_MS, SLOW * this.#quickestMs);
    this.#change(slow || rejected, meanMs);
  }

  save(): number {
    return this.#perMs;
  }

  restore(perMs: number): void {
    this.#perMs = this.#told = perMs;
    this.#tell();
  }

  #change(bad: boolean, meanMs: number): void {
    const { start, least, most } = this.options;
    const next = bad ? this.#perMs * KEEP : this.#perMs + start * GAIN;
    this.#perMs = Math.min(most, Math.max(least, next));
    this.#tell();
    const ratio = this.#perMs / this.#told;
    if (ratio < TOLD && ratio > 1 / TOLD) return;
    const name = ratio < 1 ? "slowed_down" : "sped_up";
    const from = perSecond(this.#told);
    this.#told = this.#perMs;
    this.context.event(name, { from, to: perSecond(this.#perMs), meanMs: round(meanMs) });
  }

  #tell(): void {
    this.context.fact("ratePerSecond", perSecond(this.#perMs), "level");
  }
}

function perSecond(perMs: number): number {
  return round(perMs * 1000);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
