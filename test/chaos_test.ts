/**
 * Chaos: random pipelines in which stages throw and stall, threads die, clients vanish and servers stop. After each round
 * nothing is lost or counted twice and nothing is left. CHAOS_ROUNDS=20 multiplies the rounds; a failure names its seed,
 * and CHAOS_SEED=17 runs that round alone.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { CHAOS_ROUNDS } from "./support/chaos_rounds.ts";
import { World } from "./support/chaos_world.ts";
import { ThreadedWorld } from "./support/chaos_threads.ts";
import { heapBytes } from "./support/handles.ts";
import { pickOne, seeded } from "./support/random.ts";

const ONE_SEED = process.env["CHAOS_SEED"];
const ROUNDS = 72 * Number(process.env["CHAOS_ROUNDS"] ?? 1);
const THREADED_ROUNDS = Math.ceil(ROUNDS / 6);
const SEEDS = (rounds: number) =>
  ONE_SEED === undefined ? Array.from({ length: rounds }, (_, n) => n + 1) : [Number(ONE_SEED)];
/** What the heap may grow by over all rounds: kept reports, compiled code, caches of a bounded size. */
const HEAP_GROWTH_BYTES = 24 * 1024 * 1024;

test(`chaos on one server, ${ROUNDS} rounds`, { timeout: 3_600_000 }, async () => {
  const world = new World();
  await world.start();
  let heapBefore: number | null = null;
  try {
    for (const [index, seed] of SEEDS(ROUNDS).entries()) {
      // Code and caches are warm after some rounds.
      if (index === Math.floor(ROUNDS / 3)) heapBefore = heapBytes();
      await round(world, seed);
    }
    const heap = heapBytes();
    if (heapBefore !== null && heap !== null) {
      const grown = heap - heapBefore;
      assert.ok(grown < HEAP_GROWTH_BYTES, `The heap grew by ${grown} bytes`);
    }
  } finally {
    await world.stop();
  }
});

async function round(world: World, seed: number): Promise<void> {
  const random = seeded(seed);
  const story = { kind: "", plan: "", details: "" };
  world.begin(seed);
  try {
    const [kind, play] = pickOne(random, CHAOS_ROUNDS);
    story.kind = kind;
    await play(world, random, story);
    await world.settle();
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `CHAOS_SEED=${seed}: ${story.kind}: ${text}\n  ${story.plan}\n  ${story.details}`,
      { cause },
    );
  }
}

for (const threads of [1, 2]) {
  test(
    `chaos on ${threads} worker threads, ${THREADED_ROUNDS} rounds`,
    { timeout: 3_600_000 },
    async () => {
      const world = await ThreadedWorld.start(threads);
      try {
        for (const seed of SEEDS(THREADED_ROUNDS)) await world.round(seed);
      } finally {
        await world.stop();
      }
    },
  );
}
