/**
 * Which lane is given the next batch.
 * @module
 */
import type { Lane } from "./lane.ts";

/** The ways to choose among lanes that are free. */
export const BALANCES = ["least_busy", "round_robin", "weighted"] as const;

/** One of {@link BALANCES}. */
export type Balance = typeof BALANCES[number];

/** Chooses one of `lanes`, of which there is at least one, in the order of their index; `last` had the batch before. */
export function chooseLane(lanes: readonly Lane[], balance: Balance, last: number): Lane {
  switch (balance) {
    case "round_robin":
      return lanes.find(({ index }) => index > last) ?? lanes[0]!;
    case "least_busy":
      return lanes.reduce((best, lane) => lane.busyMs < best.busyMs ? lane : best);
    case "weighted":
      return richest(lanes);
  }
}

/** Smooth weighted round robin, as nginx does it: each lane gains its weight, the richest pays for all. */
function richest(lanes: readonly Lane[]): Lane {
  let total = 0;
  for (const lane of lanes) {
    // Quick lanes weigh more; one that was never tried weighs as much as the quickest there can be.
    const weight = 1 / Math.max(0.01, lane.latencyMs ?? 0);
    lane.credit += weight;
    total += weight;
  }
  const best = lanes.reduce((most, lane) => lane.credit > most.credit ? lane : most);
  best.credit -= total;
  return best;
}

/** A lane slower than this many times the median of the others is sick. */
const SLOW = 4;
/** Faster than this is never slow. */
const NEVER_SLOW_MS = 10;
/** So many batches before a lane is judged. */
const JUDGED_AFTER = 8;

/** Whether `lane` is so much slower than the others that it should rest. Never with less than two others to compare. */
export function isSlow(lane: Lane, lanes: readonly Lane[]): boolean {
  if (lane.latencyMs === null || lane.latencyMs <= NEVER_SLOW_MS) return false;
  if (lane.batches < JUDGED_AFTER) return false;
  const others = lanes.filter((other) => other !== lane && !other.out && other.latencyMs !== null)
    .map((other) => other.latencyMs!).sort((left, right) => left - right);
  if (others.length < 2) return false;
  const median = others[others.length >> 1]!;
  return lane.latencyMs > Math.max(NEVER_SLOW_MS, SLOW * median);
}
