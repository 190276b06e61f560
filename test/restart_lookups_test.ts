/**
 * Restarts of stages in which rows wait for answers: each row comes out once and is told of once.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import type { Batch } from "../src/batch/batch.ts";
import { type AnyStage, defineStage } from "../src/stage.ts";
import { DEFAULT_STAGES, vocabularyOf } from "../stages/mod.ts";
import { FakeHost, lines, tell } from "./support/lookups.ts";
import { ManualClock } from "./support/manual_clock.ts";

const ROWS = Array.from({ length: 12 }, (_, n) => ({ n, k: `k${n % 5}` }));

/** Passes batches on, but throws at those with these numbers, counted over all its operators. */
function tripping(at: readonly number[]): AnyStage {
  let batches = 0;
  return defineStage({
    name: "tripping",
    kind: "ordered",
    stateless: () => true,
    rowForRow: true,
    summary: "Throws",
    description: "For tests.",
    arguments: z.object({}),
    examples: [],
    create: () => ({
      push(batch: Batch) {
        if (at.includes(batches++)) throw new TypeError("Tripped");
        return [batch];
      },
    }),
  });
}

/** {@link ROWS}, each as a chunk that comes so long after the one before. */
async function* chunks(clock: ManualClock, every: number) {
  for (const row of ROWS) {
    yield lines([row]);
    await new Promise<void>((resolve) => clock.after(every, resolve));
  }
}

/** A supervised run of `pipeline` over {@link ROWS}; the host answers each key with itself after 5 ms. */
async function restarted(pipeline: string, at: readonly number[], every: number) {
  const clock = new ManualClock();
  const http = new FakeHost(clock, 5, ({ url }) => ({ status: 200, json: url.slice(-2) }));
  const told = await tell(pipeline, chunks(clock, every), {
    resources: { clock, http },
    options: { supervision: { limit: 9, state: "restore", backoffMs: 1 } },
    vocabulary: vocabularyOf([...DEFAULT_STAGES, tripping(at)]),
  });
  assert.equal(told.report.state, "complete", JSON.stringify(told.report.error));
  const restarts = told.report.stages.map(({ facts }) => Number(facts["restarts"] ?? 0));
  assert.equal(Math.max(...restarts), at.length, "restarts");
  return told;
}

const ASKED = 'lookup http "https://host.example/{k}" as v';

for (
  const { inside, outside } of [
    { inside: `${ASKED} | tripping`, outside: "parallel 1 (…)" },
    { inside: `${ASKED} | tripping`, outside: "parallel 2 (…)" },
    { inside: `${ASKED} | tripping`, outside: "partition by k into 2 (…)" },
    { inside: `${ASKED} | tripping`, outside: "tee (…)" },
    { inside: `cache (${ASKED}) by k | tripping`, outside: "tee (…)" },
    { inside: `cache (${ASKED}) by k | tripping`, outside: "parallel 2 (…)" },
  ]
) {
  const stages = outside.replace("…", inside);
  for (const [at, every] of [[[0], 0], [[1], 2], [[0, 1], 2], [[0], 6], [[1, 2, 3], 6]] as const) {
    test(`${stages}, rows after ${every} ms, thrown at ${at}: each row once, told of once`, async () => {
      const { rows, report } = await restarted(`json | ${stages} | drop \`$branch\``, at, every);
      const sorted = rows.toSorted((left, right) => Number(left["n"]) - Number(right["n"]));
      assert.deepEqual(sorted, ROWS.map(({ n, k }) => ({ n, k, v: k })));
      for (const { stage, rowsIn, rowsOut, facts } of report.stages) {
        // The pipeline in a cache is asked once a key, and for a key once more whose answer was lost with the cache.
        const counted = stage.includes("cache.") ? rowsOut : 12;
        const right = { stage, rowsIn: stage === "json" ? 0 : counted, rowsOut: counted };
        assert.deepEqual({ stage, rowsIn, rowsOut }, right);
        if (!/(?:lookup|cache)$/.test(stage)) continue;
        const ways = ["hits", "misses", "joined"].map((name) => Number(facts[name]));
        assert.equal(ways.reduce((a, b) => a + b), counted, `${stage} tells of ${ways}`);
      }
    });
  }
}
